import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.json.JSONObject;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.services.s3.S3AsyncClient;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.Bucket;
import software.amazon.awssdk.services.s3.model.GetObjectRequest;
import software.amazon.awssdk.services.s3.model.ObjectAttributes;
import software.amazon.awssdk.services.s3.model.ObjectIdentifier;
import software.amazon.awssdk.services.s3.model.ObjectPart;
import software.amazon.awssdk.services.s3.model.PutObjectRequest;
import software.amazon.awssdk.services.s3.model.S3Object;
import software.amazon.awssdk.services.s3.model.Tag;
import software.amazon.awssdk.services.s3.presigner.S3Presigner;
import software.amazon.awssdk.services.s3.S3Configuration;
import software.amazon.awssdk.transfer.s3.S3TransferManager;
import software.amazon.awssdk.utils.Md5Utils;

/** Endpoint, region and keys come from the environment. */
class Verbs implements AutoCloseable {
    private static final long LARGE_BYTES = 16 << 20;

    private final S3Client s3 = S3Client.builder().httpClient(UrlConnectionHttpClient.create()).forcePathStyle(true).build();

    Map<String, Main.Verb> all() {
        return Map.ofEntries(
            Map.entry("createBucket", args -> nothing(s3.createBucket(r -> r.bucket(args.getString("bucket"))))),
            Map.entry("deleteBucket", args -> nothing(s3.deleteBucket(r -> r.bucket(args.getString("bucket"))))),
            Map.entry("listBuckets", args -> s3.listBucketsPaginator().buckets().stream().map(Bucket::name).toList()),
            Map.entry("put", this::put),
            Map.entry("get", this::get),
            Map.entry("head", this::head),
            Map.entry("list", args -> list(args).stream().map(S3Object::key).toList()),
            Map.entry("copy", this::copy),
            Map.entry("delete", args -> nothing(s3.deleteObject(r -> r.bucket(args.getString("bucket")).key(args.getString("key"))))),
            Map.entry("deleteAll", this::deleteAll),
            Map.entry("setTags", this::setTags),
            Map.entry("getTags", this::getTags),
            Map.entry("attributes", this::attributes),
            Map.entry("rename", this::rename),
            Map.entry("deleteIf", this::deleteIf),
            Map.entry("presign", this::presign));
    }

    private Object setTags(JSONObject args) {
        var tags = strings(args.getJSONObject("tags")).entrySet().stream()
            .map(tag -> Tag.builder().key(tag.getKey()).value(tag.getValue()).build())
            .toList();
        return nothing(s3.putObjectTagging(r -> r.bucket(args.getString("bucket")).key(args.getString("key")).tagging(t -> t.tagSet(tags))));
    }

    private Object getTags(JSONObject args) {
        var found = s3.getObjectTagging(r -> r.bucket(args.getString("bucket")).key(args.getString("key")));
        return found.tagSet().stream().collect(Collectors.toMap(Tag::key, Tag::value));
    }

    private Object attributes(JSONObject args) {
        var found = s3.getObjectAttributes(r -> r.bucket(args.getString("bucket")).key(args.getString("key"))
            .objectAttributes(ObjectAttributes.E_TAG, ObjectAttributes.OBJECT_SIZE, ObjectAttributes.OBJECT_PARTS));
        var told = new JSONObject().put("etag", found.eTag()).put("size", found.objectSize());
        if (found.objectParts() != null) told.put("partSizes", found.objectParts().parts().stream().map(ObjectPart::size).toList());
        return told;
    }

    private Object rename(JSONObject args) {
        var source = URLEncoder.encode(args.getString("key"), StandardCharsets.UTF_8).replace("+", "%20");
        return nothing(s3.renameObject(r -> r.bucket(args.getString("bucket")).key(args.getString("to")).renameSource(source)));
    }

    private Object deleteIf(JSONObject args) {
        var ifMatch = args.getString("ifMatch");
        return nothing(s3.deleteObject(r -> r.bucket(args.getString("bucket")).key(args.getString("key")).ifMatch(ifMatch)));
    }

    private Object put(JSONObject args) throws IOException {
        var file = Path.of(args.getString("file"));
        var request = putRequest(args);
        if (Files.size(file) < LARGE_BYTES) return nothing(s3.putObject(request, RequestBody.fromFile(file)));
        try (var async = S3AsyncClient.builder().forcePathStyle(true).multipartEnabled(true).build();
            var transfers = S3TransferManager.builder().s3Client(async).build()) {
            return nothing(transfers.uploadFile(r -> r.putObjectRequest(request).source(file)).completionFuture().join());
        }
    }

    private PutObjectRequest putRequest(JSONObject args) {
        var headers = args.has("headers") ? args.getJSONObject("headers") : new JSONObject();
        var request = PutObjectRequest.builder()
            .bucket(args.getString("bucket"))
            .key(args.getString("key"))
            .contentType(headers.optString("contentType", null))
            .cacheControl(headers.optString("cacheControl", null))
            .contentDisposition(headers.optString("contentDisposition", null))
            .contentLanguage(headers.optString("contentLanguage", null))
            .ifMatch(args.optString("ifMatch", null))
            .ifNoneMatch(args.optString("ifNoneMatch", null));
        if (headers.has("metadata")) request.metadata(strings(headers.getJSONObject("metadata")));
        if (args.has("sseKey")) {
            request.sseCustomerAlgorithm("AES256").sseCustomerKey(args.getString("sseKey")).sseCustomerKeyMD5(md5(args.getString("sseKey")));
        }
        return request.build();
    }

    private Object get(JSONObject args) throws IOException {
        var request = GetObjectRequest.builder()
            .bucket(args.getString("bucket"))
            .key(args.getString("key"))
            .range(args.optString("range", null));
        if (args.has("sseKey")) {
            request.sseCustomerAlgorithm("AES256").sseCustomerKey(args.getString("sseKey")).sseCustomerKeyMD5(md5(args.getString("sseKey")));
        }
        try (var body = s3.getObject(request.build())) {
            Files.copy(body, Path.of(args.getString("file")), StandardCopyOption.REPLACE_EXISTING);
        }
        return null;
    }

    private Object head(JSONObject args) {
        var head = s3.headObject(r -> r.bucket(args.getString("bucket")).key(args.getString("key")));
        return new JSONObject()
            .put("size", head.contentLength())
            .put("contentType", head.contentType())
            .put("cacheControl", head.cacheControl())
            .put("contentDisposition", head.contentDisposition())
            .put("contentLanguage", head.contentLanguage())
            .put("metadata", head.metadata());
    }

    private List<S3Object> list(JSONObject args) {
        var pages = s3.listObjectsV2Paginator(r -> r.bucket(args.getString("bucket")).prefix(args.optString("prefix", null)));
        return pages.contents().stream().toList();
    }

    private Object copy(JSONObject args) {
        var bucket = args.getString("bucket");
        return nothing(s3.copyObject(r -> r
            .sourceBucket(bucket).sourceKey(args.getString("key"))
            .destinationBucket(bucket).destinationKey(args.getString("to"))));
    }

    private Object deleteAll(JSONObject args) {
        for (var page : s3.listObjectsV2Paginator(r -> r.bucket(args.getString("bucket")))) {
            var objects = page.contents().stream().map(object -> ObjectIdentifier.builder().key(object.key()).build()).toList();
            var deleted = s3.deleteObjects(r -> r.bucket(args.getString("bucket")).delete(d -> d.objects(objects)));
            if (deleted.hasErrors()) throw new IllegalStateException(deleted.errors().toString());
        }
        return null;
    }

    private Object presign(JSONObject args) {
        var bucket = args.getString("bucket");
        var key = args.getString("key");
        var expires = Duration.ofMinutes(10);
        try (var presigner = presigner()) {
            var signed = args.getString("method").equals("GET")
                ? presigner.presignGetObject(p -> p.signatureDuration(expires).getObjectRequest(r -> r.bucket(bucket).key(key)))
                : presigner.presignPutObject(p -> p.signatureDuration(expires).putObjectRequest(r -> r.bucket(bucket).key(key)));
            return signed.url().toString();
        }
    }

    /** The presigner does not read the endpoint from the environment. */
    private static S3Presigner presigner() {
        return S3Presigner.builder()
            .endpointOverride(URI.create(System.getenv("AWS_ENDPOINT_URL")))
            .serviceConfiguration(S3Configuration.builder().pathStyleAccessEnabled(true).build())
            .build();
    }

    private static Object nothing(Object answer) {
        return null;
    }

    private static Map<String, String> strings(JSONObject object) {
        return object.keySet().stream().collect(Collectors.toMap(name -> name, object::getString));
    }

    private static String md5(String base64) {
        return Md5Utils.md5AsBase64(Base64.getDecoder().decode(base64));
    }

    @Override
    public void close() {
        s3.close();
    }
}
