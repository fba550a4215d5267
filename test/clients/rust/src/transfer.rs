use crate::Args;
use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::{ByteStream, Length};
use aws_sdk_s3::types::{ChecksumAlgorithm, CompletedMultipartUpload, CompletedPart};
use base64::{Engine, prelude::BASE64_STANDARD};
use md5::{Digest, Md5};
use tokio::task::JoinSet;
use tokio::{fs, io};

pub type Failure = Box<dyn std::error::Error + Send + Sync>;

const PART_BYTES: u64 = 8 << 20;
const PARTS_AT_ONCE: usize = 4;

/// A large file goes up in parallel parts, with the API's own calls: the SDK's transfer manager is not released yet.
pub async fn upload(s3: &Client, args: &Args) -> Result<(), Failure> {
    let size = fs::metadata(&args.file).await?.len();
    if size > PART_BYTES { upload_parts(s3, args, size).await } else { put(s3, args).await }
}

async fn put(s3: &Client, args: &Args) -> Result<(), Failure> {
    let (algorithm, key, key_md5) = customer_key(args)?;
    let headers = &args.headers;
    s3.put_object()
        .bucket(&args.bucket)
        .key(&args.key)
        .body(ByteStream::from_path(&args.file).await?)
        .set_content_type(headers.content_type.clone())
        .set_cache_control(headers.cache_control.clone())
        .set_content_disposition(headers.content_disposition.clone())
        .set_content_language(headers.content_language.clone())
        .set_metadata(headers.metadata.clone())
        .set_if_match(args.if_match.clone())
        .set_if_none_match(args.if_none_match.clone())
        .set_sse_customer_algorithm(algorithm)
        .set_sse_customer_key(key)
        .set_sse_customer_key_md5(key_md5)
        .send()
        .await?;
    Ok(())
}

async fn upload_parts(s3: &Client, Args { bucket, key, file, .. }: &Args, size: u64) -> Result<(), Failure> {
    let create = s3.create_multipart_upload().bucket(bucket).key(key).checksum_algorithm(ChecksumAlgorithm::Crc32);
    let id = create.send().await?.upload_id.ok_or("no upload id")?;
    let (mut running, mut parts) = (JoinSet::new(), vec![]);
    for number in 1..=size.div_ceil(PART_BYTES) {
        if running.len() == PARTS_AT_ONCE {
            parts.push(running.join_next().await.expect("a part")??);
        }
        let offset = (number - 1) * PART_BYTES;
        let body = ByteStream::read_from().path(file).offset(offset).length(Length::UpTo(PART_BYTES)).build().await?;
        let part = s3.upload_part().bucket(bucket).key(key).upload_id(&id).part_number(number as i32);
        running.spawn(async move {
            let sent = part.checksum_algorithm(ChecksumAlgorithm::Crc32).body(body).send().await?;
            let completed = CompletedPart::builder().part_number(number as i32);
            Ok::<_, Failure>(completed.set_e_tag(sent.e_tag).set_checksum_crc32(sent.checksum_crc32).build())
        });
    }
    while let Some(part) = running.join_next().await {
        parts.push(part??);
    }
    parts.sort_by_key(CompletedPart::part_number);
    let all = CompletedMultipartUpload::builder().set_parts(Some(parts)).build();
    s3.complete_multipart_upload().bucket(bucket).key(key).upload_id(id).multipart_upload(all).send().await?;
    Ok(())
}

/// The SDK compares the checksum while the body is read.
pub async fn download(s3: &Client, args: &Args) -> Result<(), Failure> {
    let (algorithm, key, key_md5) = customer_key(args)?;
    let object = s3
        .get_object()
        .bucket(&args.bucket)
        .key(&args.key)
        .set_range(args.range.clone())
        .set_sse_customer_algorithm(algorithm)
        .set_sse_customer_key(key)
        .set_sse_customer_key_md5(key_md5)
        .send()
        .await?;
    let mut file = fs::File::create(&args.file).await?;
    io::copy(&mut object.body.into_async_read(), &mut file).await?;
    Ok(())
}

/// The three headers of SSE-C for a key in base64, or nothing.
fn customer_key(args: &Args) -> Result<(Option<String>, Option<String>, Option<String>), Failure> {
    let Some(key) = &args.sse_key else { return Ok((None, None, None)) };
    let md5 = BASE64_STANDARD.encode(Md5::digest(BASE64_STANDARD.decode(key)?));
    Ok((Some("AES256".into()), Some(key.clone()), Some(md5)))
}
