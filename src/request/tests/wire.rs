//! The same rules behind the real parsers: bytes go into hyper, and what hyper makes of them is read here.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::Response;
use http::request::Parts;
use http_body_util::Empty;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};

use crate::listener::Protocol;
use crate::request::Request;
use crate::request::refused::{Ambiguous, AuthorityRule, FramingRule, TargetRule};
use crate::request::sample::{HOST, over};

/// Bytes either end of a connection may have under way.
const PIPE: usize = 64 * 1024;

/// Serves one connection and keeps the heads that hyper handed over.
async fn heads(server: DuplexStream, protocol: Protocol) -> Vec<Parts> {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let service = service_fn(|request: http::Request<Incoming>| {
        seen.lock().unwrap().push(request.into_parts().0);
        async { Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new())) }
    });
    let io = TokioIo::new(server);
    // That a connection ends in an error is what some of these tests provoke.
    let _ended = match protocol {
        Protocol::Http1 => hyper::server::conn::http1::Builder::new().serve_connection(io, service).await,
        Protocol::Http2 => {
            let builder = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
            builder.serve_connection(io, service).await
        }
    };
    std::mem::take(&mut *seen.lock().unwrap())
}

/// What becomes of raw HTTP/1.1 bytes: none if hyper answered by itself.
fn raw(text: &str) -> Option<Result<Request, Ambiguous>> {
    run(async {
        let (mut client, server) = duplex(PIPE);
        client.write_all(text.as_bytes()).await.unwrap();
        client.shutdown().await.unwrap();
        let mut answer = Vec::new();
        let (heads, _) = tokio::join!(heads(server, Protocol::Http1), client.read_to_end(&mut answer));
        heads.first().map(|parts| over(Protocol::Http1, Some(HOST), parts))
    })
}

/// What becomes of a request that a real HTTP/2 client sends.
fn h2(request: http::Request<Empty<Bytes>>) -> Option<Result<Request, Ambiguous>> {
    run(async {
        let (client, server) = duplex(PIPE);
        let client = async {
            let io = TokioIo::new(client);
            let (mut sender, connection) =
                hyper::client::conn::http2::handshake(TokioExecutor::new(), io).await.unwrap();
            let sent = async move { drop(sender.send_request(request).await) };
            tokio::join!(connection, sent)
        };
        let (heads, _) = tokio::join!(heads(server, Protocol::Http2), client);
        heads.first().map(|parts| over(Protocol::Http2, Some(HOST), parts))
    })
}

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

fn head(request_line: &str, headers: &str) -> String {
    format!("{request_line}\r\nHost: {HOST}\r\n{headers}\r\n")
}

fn refused(text: &str) -> Ambiguous {
    raw(text).expect("handed over").expect_err("refused")
}

#[test]
fn an_honest_request_goes_through_both_parsers() {
    let request = raw(&head("GET /dan-cu/a?b=%C4%90 HTTP/1.1", "Exchange-Case: 0007\r\n")).unwrap().unwrap();
    assert_eq!(
        (request.path(), request.raw_query(), request.case()),
        ("/dan-cu/a", Some("b=%C4%90"), Some("0007"))
    );
    let sent = http::Request::get(format!("https://{HOST}/dan-cu/a")).header("exchange-case", "0007");
    let request = h2(sent.body(Empty::new()).unwrap()).unwrap().unwrap();
    assert_eq!((request.path(), request.authority(), request.case()), ("/dan-cu/a", HOST, Some("0007")));
}

#[test]
fn encoded_traversal_reaches_us_undecoded_and_is_refused() {
    for target in [
        "/dan-cu/%2e%2e/ho-tich",
        "/dan-cu/..%2fho-tich",
        "/dan-cu/%252e%252e/x",
        "//ho-tich/x",
        "/dan-cu/../x",
    ] {
        let refused = refused(&head(&format!("GET {target} HTTP/1.1"), ""));
        assert!(matches!(refused, Ambiguous::Target(_)), "{target}: {refused}");
    }
}

#[test]
fn a_fragment_never_reaches_a_platform_cve_2021_32779() {
    if let Some(Ok(request)) = raw(&head("GET /dan-cu/a#/../ho-tich HTTP/1.1", "")) {
        assert_eq!((request.path(), request.raw_query()), ("/dan-cu/a", None));
    }
}

#[test]
fn an_absolute_target_an_asterisk_and_connect_are_refused() {
    let form = Ambiguous::Target(TargetRule::Form);
    assert_eq!(refused(&head(&format!("GET https://{HOST}/dan-cu/a HTTP/1.1"), "")), form);
    assert_eq!(
        refused(&head("GET http://evil.example/dan-cu/a HTTP/1.1", "")),
        Ambiguous::Authority(AuthorityRule::Agreement)
    );
    assert_eq!(refused(&head("OPTIONS * HTTP/1.1", "")), form);
    assert_eq!(refused(&head("CONNECT gw1.hungyen.example:443 HTTP/1.1", "")), Ambiguous::Method);
    assert_eq!(refused(&head("TRACE /dan-cu/a HTTP/1.1", "")), Ambiguous::Method);
}

#[test]
fn http_1_0_is_refused() {
    assert_eq!(refused(&head("GET /dan-cu/a HTTP/1.0", "")), Ambiguous::Version);
}

#[test]
fn bare_line_feeds_do_not_hide_a_second_host() {
    let text = format!("GET /dan-cu/a HTTP/1.1\nHost: {HOST}\nHost: evil.example\n\n");
    assert_eq!(refused(&text).code(), "header-repeated");
    assert_eq!(refused("GET /dan-cu/a HTTP/1.1\r\n\r\n"), Ambiguous::HeaderMissing("host"));
}

#[test]
fn gzip_chunked_is_not_taken_for_chunked() {
    let text = head("POST /dan-cu/a HTTP/1.1", "Transfer-Encoding: gzip, chunked\r\n");
    assert_eq!(refused(&format!("{text}0\r\n\r\n")), Ambiguous::Framing(FramingRule::Chunked));
    let text = head("POST /dan-cu/a HTTP/1.1", "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n");
    assert_eq!(refused(&format!("{text}0\r\n\r\n")).code(), "header-repeated");
}

#[test]
fn a_length_beside_chunked_never_frames_a_body() {
    for headers in [
        "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n",
    ] {
        let text = head("POST /dan-cu/a HTTP/1.1", headers);
        match raw(&format!("{text}0\r\n\r\n")) {
            Some(Ok(request)) => assert_eq!((request.has_body(), request.content_length()), (true, None)),
            Some(Err(refused)) => assert_eq!(refused, Ambiguous::Framing(FramingRule::Both)),
            None => {}
        }
    }
}

#[test]
fn a_null_a_folded_line_an_empty_name_and_a_spaced_name_never_reach_us_cve_2023_25725() {
    for headers in
        ["Exchange-Case: a\0b\r\n", "Exchange-Case: a\r\n b\r\n", ": a\r\n", "Exchange-Case : a\r\n"]
    {
        let outcome = raw(&head("GET /dan-cu/a HTTP/1.1", headers));
        assert!(outcome.is_none_or(|read| read.is_err()), "{headers:?}");
    }
}

#[test]
fn authority_and_host_that_differ_are_refused_over_http_2() {
    let sent = http::Request::get(format!("https://{HOST}/dan-cu/a")).header("host", "10.1.2.3:8443");
    let refused = h2(sent.body(Empty::new()).unwrap()).unwrap().unwrap_err();
    assert_eq!(refused, Ambiguous::Authority(AuthorityRule::Agreement));
}

#[test]
fn a_scheme_other_than_https_is_refused_over_http_2() {
    let sent = http::Request::get(format!("http://{HOST}/dan-cu/a"));
    let refused = h2(sent.body(Empty::new()).unwrap()).unwrap().unwrap_err();
    assert_eq!(refused, Ambiguous::Target(TargetRule::Form));
}
