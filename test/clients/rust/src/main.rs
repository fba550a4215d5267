//! A driver program for the AWS SDK for Rust: see openProgram() in harness/program.ts.

mod transfer;
mod verbs;

use aws_sdk_s3::error::DisplayErrorContext;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::env::args;
use std::io::{BufRead, stdin};

/// The arguments of all verbs; each uses some of them.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub struct Args {
    pub bucket: String,
    pub key: String,
    pub file: String,
    pub to: String,
    pub prefix: Option<String>,
    pub method: String,
    pub range: Option<String>,
    pub if_match: Option<String>,
    pub if_none_match: Option<String>,
    pub sse_key: Option<String>,
    pub headers: Headers,
    pub tags: HashMap<String, String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub struct Headers {
    pub content_type: Option<String>,
    pub cache_control: Option<String>,
    pub content_disposition: Option<String>,
    pub content_language: Option<String>,
    pub metadata: Option<HashMap<String, String>>,
}

#[derive(Deserialize)]
struct Request {
    verb: String,
    args: Args,
}

#[tokio::main]
async fn main() {
    if args().any(|argument| argument == "--version") {
        return println!("{}", aws_sdk_s3::meta::PKG_VERSION);
    }
    let s3 = verbs::connect();
    println!("{}", json!({ "verbs": verbs::NAMES }));
    for line in stdin().lock().lines() {
        println!("{}", answer(&s3, &line.expect("a line")).await);
    }
}

async fn answer(s3: &aws_sdk_s3::Client, line: &str) -> Value {
    let Request { verb, args } = serde_json::from_str(line).expect("a request");
    match verbs::run(s3, &verb, args).await {
        Ok(value) => json!({ "ok": value }),
        Err(error) => json!({ "error": DisplayErrorContext(error.as_ref()).to_string() }),
    }
}
