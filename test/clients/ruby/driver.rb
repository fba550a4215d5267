# A driver program for the AWS SDK for Ruby: see openProgram() in harness/program.ts.

require 'aws-sdk-s3'
require 'json'

# The verbs, with the argument names of the request. Region and keys come from the environment; newer versions read the endpoint there as well.
class Verbs
  HEADERS = {
    'contentType' => :content_type,
    'cacheControl' => :cache_control,
    'contentDisposition' => :content_disposition,
    'contentLanguage' => :content_language,
    'metadata' => :metadata
  }.freeze

  def initialize
    @s3 = Aws::S3::Client.new(endpoint: ENV.fetch('AWS_ENDPOINT_URL'), force_path_style: true)
    @resource = Aws::S3::Resource.new(client: @s3)
  end

  def createBucket(bucket:) = nothing { @s3.create_bucket(bucket:) }

  def deleteBucket(bucket:) = nothing { @s3.delete_bucket(bucket:) }

  def listBuckets = @resource.buckets.map(&:name)

  # In parallel parts when the file is large.
  def put(bucket:, key:, file:, headers: {})
    options = headers.to_h { |name, value| [HEADERS[name.to_s], stringify(value)] }
    nothing { @resource.bucket(bucket).object(key).upload_file(file, **options) }
  end

  def get(bucket:, key:, file:, range: nil)
    nothing { @s3.get_object(bucket:, key:, range:, response_target: file) }
  end

  def head(bucket:, key:)
    head = @s3.head_object(bucket:, key:)
    HEADERS.transform_values { |name| head[name] }.merge('size' => head.content_length)
  end

  def list(bucket:, prefix: nil) = @resource.bucket(bucket).objects(prefix:).map(&:key)

  def copy(bucket:, key:, to:)
    nothing { @resource.bucket(bucket).object(to).copy_from(bucket:, key:) }
  end

  def delete(bucket:, key:) = nothing { @s3.delete_object(bucket:, key:) }

  def deleteAll(bucket:) = nothing { @resource.bucket(bucket).objects.batch_delete! }

  def setTags(bucket:, key:, tags:)
    nothing { @s3.put_object_tagging(bucket:, key:, tagging: { tag_set: tags.map { |name, value| { key: name.to_s, value: } } }) }
  end

  def getTags(bucket:, key:) = @s3.get_object_tagging(bucket:, key:).tag_set.to_h { |tag| [tag.key, tag.value] }

  def attributes(bucket:, key:)
    found = @s3.get_object_attributes(bucket:, key:, object_attributes: %w[ETag ObjectSize ObjectParts])
    { etag: found.etag, size: found.object_size, partSizes: found.object_parts&.parts&.map(&:size) }.compact
  end

  def presign(bucket:, key:, method:) = @resource.bucket(bucket).object(key).presigned_url(method.downcase.to_sym, expires_in: 600)

  private

  def stringify(value) = value.is_a?(Hash) ? value.transform_keys(&:to_s) : value

  def nothing
    yield
    nil
  end
end

$stdout.sync = true
verbs = Verbs.new
puts JSON.generate(verbs: Verbs.public_instance_methods(false))
$stdin.each_line do |line|
  request = JSON.parse(line, symbolize_names: true)
  value = verbs.public_send(request[:verb], **request[:args] || {})
  puts JSON.generate(ok: value)
rescue StandardError => e
  puts JSON.generate(error: "#{e.class}: #{e.message}")
end
