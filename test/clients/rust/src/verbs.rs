use crate::transfer::{download, upload};
use crate::{Args, transfer::Failure};
use aws_sdk_s3::Client;
use aws_sdk_s3::config::{BehaviorVersion, Config, Credentials, Region};
use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::types::{Delete, Object, ObjectAttributes, ObjectIdentifier, Tag, Tagging};
use serde_json::{Value, json};
use std::env::var;
use std::time::Duration;

pub const NAMES: [&str; 16] = [
    "createBucket", "deleteBucket", "listBuckets", "put", "get", "head", "list", "copy", "delete", "deleteAll", "presign",
    "setTags", "getTags", "attributes", "rename", "deleteIf",
];

/// Takes the endpoint, the region and the keys from the environment.
pub fn connect() -> Client {
    let keys = Credentials::new(env("AWS_ACCESS_KEY_ID"), env("AWS_SECRET_ACCESS_KEY"), None, None, "environment");
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .endpoint_url(env("AWS_ENDPOINT_URL"))
        .region(Region::new(env("AWS_REGION")))
        .credentials_provider(keys)
        .force_path_style(true);
    Client::from_conf(config.build())
}

fn env(name: &str) -> String {
    var(name).unwrap_or_else(|_| panic!("{name} is not set"))
}

pub async fn run(s3: &Client, verb: &str, args: Args) -> Result<Value, Failure> {
    let Args { bucket, key, to, .. } = &args;
    match verb {
        "createBucket" => drop(s3.create_bucket().bucket(bucket).send().await?),
        "deleteBucket" => drop(s3.delete_bucket().bucket(bucket).send().await?),
        "listBuckets" => return list_buckets(s3).await,
        "put" => upload(s3, &args).await?,
        "get" => download(s3, &args).await?,
        "head" => return head(s3, &args).await,
        "list" => return Ok(list(s3, &args).await?.iter().map(Object::key).collect()),
        "copy" => {
            let source = format!("{bucket}/{}", escape(key));
            drop(s3.copy_object().bucket(bucket).key(to).copy_source(source).send().await?)
        }
        "delete" => drop(s3.delete_object().bucket(bucket).key(key).send().await?),
        "deleteAll" => delete_all(s3, &args).await?,
        "setTags" => set_tags(s3, &args).await?,
        "getTags" => return get_tags(s3, &args).await,
        "attributes" => return attributes(s3, &args).await,
        "rename" => drop(s3.rename_object().bucket(bucket).key(to).rename_source(escape(key)).send().await?),
        "deleteIf" => drop(s3.delete_object().bucket(bucket).key(key).set_if_match(args.if_match.clone()).send().await?),
        "presign" => return presign(s3, &args).await,
        _ => return Err(format!("no verb {verb}").into()),
    }
    Ok(Value::Null)
}

async fn list_buckets(s3: &Client) -> Result<Value, Failure> {
    let listed = s3.list_buckets().send().await?;
    Ok(listed.buckets().iter().map(|bucket| bucket.name()).collect())
}

async fn set_tags(s3: &Client, Args { bucket, key, tags, .. }: &Args) -> Result<(), Failure> {
    let tags = tags.iter().map(|(name, value)| Tag::builder().key(name).value(value).build());
    let tagging = Tagging::builder().set_tag_set(Some(tags.collect::<Result<_, _>>()?)).build()?;
    s3.put_object_tagging().bucket(bucket).key(key).tagging(tagging).send().await?;
    Ok(())
}

async fn get_tags(s3: &Client, Args { bucket, key, .. }: &Args) -> Result<Value, Failure> {
    let found = s3.get_object_tagging().bucket(bucket).key(key).send().await?;
    Ok(found.tag_set().iter().map(|tag| (tag.key().to_owned(), json!(tag.value()))).collect())
}

async fn attributes(s3: &Client, Args { bucket, key, .. }: &Args) -> Result<Value, Failure> {
    let wanted = [ObjectAttributes::Etag, ObjectAttributes::ObjectSize, ObjectAttributes::ObjectParts];
    let found = s3.get_object_attributes().bucket(bucket).key(key).set_object_attributes(Some(wanted.into())).send().await?;
    let mut told = json!({ "etag": found.e_tag(), "size": found.object_size() });
    if let Some(parts) = found.object_parts() {
        told["partSizes"] = parts.parts().iter().map(|part| part.size()).collect();
    }
    Ok(told)
}

async fn head(s3: &Client, Args { bucket, key, .. }: &Args) -> Result<Value, Failure> {
    let head = s3.head_object().bucket(bucket).key(key).send().await?;
    Ok(json!({
        "size": head.content_length(),
        "contentType": head.content_type(),
        "cacheControl": head.cache_control(),
        "contentDisposition": head.content_disposition(),
        "contentLanguage": head.content_language(),
        "metadata": head.metadata(),
    }))
}

async fn list(s3: &Client, Args { bucket, prefix, .. }: &Args) -> Result<Vec<Object>, Failure> {
    let mut pages = s3.list_objects_v2().bucket(bucket).set_prefix(prefix.clone()).into_paginator().send();
    let mut objects = vec![];
    while let Some(page) = pages.next().await {
        objects.extend(page?.contents.unwrap_or_default());
    }
    Ok(objects)
}

async fn delete_all(s3: &Client, args: &Args) -> Result<(), Failure> {
    for page in list(s3, args).await?.chunks(1000) {
        let identified = page.iter().map(|object| ObjectIdentifier::builder().set_key(object.key.clone()).build());
        let delete = Delete::builder().set_objects(Some(identified.collect::<Result<_, _>>()?)).build()?;
        let deleted = s3.delete_objects().bucket(&args.bucket).delete(delete).send().await?;
        if let Some(error) = deleted.errors().first() {
            return Err(format!("{error:?}").into());
        }
    }
    Ok(())
}

async fn presign(s3: &Client, Args { bucket, key, method, .. }: &Args) -> Result<Value, Failure> {
    let expires = PresigningConfig::expires_in(Duration::from_secs(600))?;
    let signed = match method.as_str() {
        "GET" => s3.get_object().bucket(bucket).key(key).presigned(expires).await?,
        _ => s3.put_object().bucket(bucket).key(key).presigned(expires).await?,
    };
    Ok(json!(signed.uri()))
}

/// The SDK wants the source of a copy percent-encoded.
fn escape(key: &str) -> String {
    key.bytes().map(|byte| format!("%{byte:02X}")).collect()
}
