//! Answers good and bad, and second tries.

use bytes::Bytes;
use http::header::HeaderName;
use http::{HeaderValue, Method, StatusCode};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::super::refusal::{BrokenAnswer, Fault, NoConnection, Phase};
use super::platform::{Platform, Step, answer, sized};
use super::{Outgoing, Reach, SHORT, get, request, service};

async fn outcome(step: Step) -> Result<String, &'static str> {
    let platform = Platform::new(vec![vec![step]]).await;
    Reach::plain(&[platform.address]).body().await
}

#[tokio::test]
async fn a_request_goes_out_as_given_under_the_endpoints_base_and_name() {
    let platform = Platform::new(vec![vec![Step::Write(sized("{}"))]]).await;
    let mut outgoing = request(Method::POST, false);
    outgoing.body = Bytes::from_static(b"{\"a\":1}");
    for (name, value) in [
        ("exchange-consumer", "H31.01.01"),
        ("host", "elsewhere.example"),
        ("connection", "exchange-consumer, close"),
        ("transfer-encoding", "chunked"),
        ("content-length", "99"),
        ("expect", "100-continue"),
        ("upgrade", "h2c"),
        ("te", "trailers"),
    ] {
        outgoing.headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    Reach::plain(&[platform.address]).send(outgoing).await.unwrap();
    let (_, text) = platform.requests().remove(0);
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let mut lines: Vec<&str> = head.lines().collect();
    assert_eq!(lines.remove(0), "POST /base/thua-dat/12?phienBan=2 HTTP/1.1");
    lines.sort_unstable();
    assert_eq!(
        lines,
        [
            "accept-encoding: identity",
            "content-length: 7",
            "exchange-consumer: H31.01.01",
            "host: platform.example:8080"
        ]
    );
    assert_eq!(body, "{\"a\":1}");
}

#[tokio::test]
async fn an_answer_comes_whole_with_its_status_and_headers() {
    let text = "HTTP/1.1 404 Nope\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}";
    let platform = Platform::new(vec![vec![Step::Write(text.to_owned())]]).await;
    let answer = Reach::plain(&[platform.address]).send(get()).await.unwrap();
    assert_eq!((answer.status, answer.body.as_ref()), (StatusCode::NOT_FOUND, b"{}".as_slice()));
    assert_eq!(answer.headers.get("content-type").unwrap(), "application/json");
    assert!(answer.timing.connect.is_some());
}

#[tokio::test]
async fn chunks_are_joined_and_trailers_dropped() {
    let text = answer(
        "Transfer-Encoding: chunked\r\nTrailer: ETag\r\n",
        "2\r\nab\r\n1;x=y\r\nc\r\n0\r\nETag: \"1\"\r\n\r\n",
    );
    let platform = Platform::new(vec![vec![Step::Write(text)]]).await;
    let answer = Reach::plain(&[platform.address]).send(get()).await.unwrap();
    assert_eq!(answer.body.as_ref(), b"abc");
    assert!(!answer.headers.contains_key("etag"));
}

#[tokio::test]
async fn informational_answers_are_passed_over() {
    let text =
        format!("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n{}", sized("{}"));
    let platform = Platform::new(vec![vec![Step::Write(text)]]).await;
    let answer = Reach::plain(&[platform.address]).send(get()).await.unwrap();
    assert_eq!(answer.status, StatusCode::OK);
    assert!(!answer.headers.contains_key("link"));
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_is_not_followed() {
    let text = "HTTP/1.1 302 Found\r\nLocation: http://elsewhere.example/\r\nContent-Length: 0\r\n\r\n";
    let platform = Platform::new(vec![vec![Step::Write(text.to_owned())]]).await;
    let answer = Reach::plain(&[platform.address]).send(get()).await.unwrap();
    assert_eq!((answer.status, platform.requests().len()), (StatusCode::FOUND, 1));
}

#[tokio::test]
async fn an_answer_up_to_the_limit_is_held_and_one_byte_more_is_not() {
    assert_eq!(outcome(Step::Write(sized("0123456789"))).await, Ok("0123456789".to_owned()));
    assert_eq!(outcome(Step::Write(sized("0123456789a"))).await, Err("answer-too-large"));
    let chunked = |body| answer("Transfer-Encoding: chunked\r\n", body);
    let exact = chunked("5\r\n01234\r\n5\r\n56789\r\n0\r\n\r\n");
    assert_eq!(outcome(Step::Write(exact)).await, Ok("0123456789".to_owned()));
    let over = chunked("5\r\n01234\r\n6\r\n56789a\r\n0\r\n\r\n");
    assert_eq!(outcome(Step::Write(over)).await, Err("answer-too-large"));
}

#[tokio::test]
async fn an_answer_without_end_is_given_up_at_the_limit_and_its_connection_cut() {
    let endless = answer("Transfer-Encoding: chunked\r\n", "b\r\n0123456789a\r\n");
    let mut platform = Platform::new(vec![vec![Step::Silence(endless)]]).await;
    assert_eq!(Reach::plain(&[platform.address]).body().await, Err("answer-too-large"));
    assert_eq!(platform.closed_by_caller().await, 0);
}

#[tokio::test]
async fn an_announced_length_over_the_limit_is_given_up_before_the_body_comes() {
    let head_only = answer("Content-Length: 11\r\n", "");
    assert_eq!(outcome(Step::Silence(head_only)).await, Err("answer-too-large"));
}

#[tokio::test]
async fn a_request_is_no_longer_written_once_its_answer_is_given_up() {
    const BODY: usize = 32 * 1_024 * 1_024;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let reach = Reach::plain(&[listener.local_addr().unwrap()]);
    let outgoing = Outgoing { body: Bytes::from(vec![b' '; BODY]), ..request(Method::PUT, true) };
    let platform = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(sized("an answer over the limit").as_bytes()).await.unwrap();
        stream
    };
    let (fault, mut stream) = tokio::join!(reach.send(outgoing), platform);
    assert_eq!(fault.unwrap_err().code(), "answer-too-large");
    let mut read = 0;
    let mut buffer = vec![0; 65_536];
    while let Ok(more @ 1..) = stream.read(&mut buffer).await {
        read += more;
    }
    assert!(read < BODY, "the connection was cut");
}

#[tokio::test]
async fn an_answer_that_is_cut_short_is_broken_however_it_is_framed() {
    for text in [
        answer("Content-Length: 5\r\n", "{}"),
        answer("Transfer-Encoding: chunked\r\n", "5\r\n{}"),
        answer("Transfer-Encoding: chunked\r\n", "2\r\n{}\r\n"),
        answer("Transfer-Encoding: chunked\r\n", "2\r\n{}\r\n0\r\n"),
        answer("Connection: close\r\n", "{}"),
        "HTTP/1.1 200 OK\r\nContent-Le".to_owned(),
        String::new(),
    ] {
        assert_eq!(outcome(Step::Close(text.clone())).await, Err("platform-broken"), "{text:?}");
    }
}

#[tokio::test]
async fn an_answer_with_two_meanings_is_broken() {
    for text in [
        answer("Content-Length: 12\r\nTransfer-Encoding: chunked\r\n", "2\r\n{}\r\n0\r\n\r\n"),
        answer("Transfer-Encoding: chunked\r\nContent-Length: 12\r\n", "2\r\n{}\r\n0\r\n\r\n"),
        answer("Transfer-Encoding: gzip, chunked\r\n", "2\r\n{}\r\n0\r\n\r\n"),
        answer("Content-Length: 2\r\nContent-Length: 2\r\n", "{}"),
        answer("Content-Length: 2\r\nContent-Length: 3\r\n", "{}"),
        answer("Content-Length: 2, 2\r\n", "{}"),
        answer("Content-Length : 2\r\n", "{}"),
        answer("Content-Length: 2\r\n folded: x\r\n", "{}"),
        "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n".to_owned(),
        "HTTP/2 200\r\n\r\n".to_owned(),
        "{\"not\":\"http\"}\r\n\r\n".to_owned(),
    ] {
        assert_eq!(outcome(Step::Write(text.clone())).await, Err("platform-broken"), "{text:?}");
    }
}

#[tokio::test]
async fn a_connection_that_carried_two_lengths_is_cut() {
    let text = answer("Content-Length: 12\r\nTransfer-Encoding: chunked\r\n", "2\r\n{}\r\n0\r\n\r\n");
    let mut platform = Platform::new(vec![vec![Step::Write(text), Step::Write(sized("{}"))]]).await;
    let fault = Reach::plain(&[platform.address]).send(get()).await.unwrap_err();
    assert!(matches!(fault, Fault::Broken(BrokenAnswer::TwoLengths)), "{fault:?}");
    assert_eq!(platform.closed_by_caller().await, 0);
}

#[tokio::test]
async fn a_platform_that_switches_protocols_is_broken() {
    let text = "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n";
    let mut platform = Platform::new(vec![vec![Step::Silence(text.to_owned())]]).await;
    let fault = Reach::plain(&[platform.address]).send(get()).await.unwrap_err();
    assert!(matches!(fault, Fault::Broken(BrokenAnswer::Upgrade)), "{fault:?}");
    assert_eq!(platform.closed_by_caller().await, 0);
}

#[tokio::test]
async fn a_head_larger_than_any_honest_one_is_broken() {
    let lines = format!("X: {}\r\n", "x".repeat(70_000));
    assert_eq!(outcome(Step::Silence(answer(&lines, ""))).await, Err("platform-broken"));
    let lines: String = (0..101).map(|n| format!("X-{n}: x\r\n")).collect();
    assert_eq!(outcome(Step::Silence(answer(&lines, ""))).await, Err("platform-broken"));
}

#[tokio::test]
async fn silence_is_a_time_out_before_the_head_and_after_it() {
    for (text, phase) in [
        (String::new(), Phase::Answer),
        ("HTTP/1.1 200".to_owned(), Phase::Answer),
        (answer("Content-Length: 5\r\n", "{}"), Phase::Body),
    ] {
        let mut platform = Platform::new(vec![vec![Step::Silence(text)]]).await;
        let mut reach = Reach::plain(&[platform.address]);
        reach.service.timeouts.answer = if phase == Phase::Answer { SHORT } else { super::GENEROUS };
        reach.service.timeouts.body = SHORT;
        let fault = reach.send(get()).await.unwrap_err();
        assert!(matches!(fault, Fault::Timeout(at) if at == phase), "{fault:?}");
        assert_eq!(platform.closed_by_caller().await, 0, "a late answer has no connection to come over");
    }
}

#[tokio::test]
async fn informational_answers_do_not_stretch_the_time_out() {
    let platform =
        Platform::new(vec![vec![Step::Silence("HTTP/1.1 102 Processing\r\n\r\n".to_owned())]]).await;
    let mut reach = Reach::plain(&[platform.address]);
    reach.service.timeouts.answer = SHORT;
    assert_eq!(reach.body().await, Err("platform-timeout"));
}

#[tokio::test]
async fn a_path_that_would_be_written_otherwise_than_given_is_not_sent() {
    let platform = Platform::new(vec![]).await;
    let reach = Reach::plain(&[platform.address]);
    for path in ["/a#b", "/a b", "/\r\nX: y", "/a\u{7f}"] {
        let fault = reach.send(Outgoing { path_and_query: path.to_owned(), ..get() }).await.unwrap_err();
        assert!(matches!(fault, Fault::Unreachable(NoConnection::Path)), "{path:?}: {fault:?}");
    }
    let mut bare = service(vec![super::endpoint(platform.address, None)]);
    bare.endpoints[0].base = String::new();
    let fault =
        Reach::new(bare).send(Outgoing { path_and_query: "*".to_owned(), ..get() }).await.unwrap_err();
    assert!(matches!(fault, Fault::Unreachable(NoConnection::Path)), "{fault:?}");
    assert!(platform.requests().is_empty());
}

#[tokio::test]
async fn a_connection_is_used_again_after_a_complete_answer() {
    let platform = Platform::new(vec![vec![Step::Write(sized("1")), Step::Write(sized("2"))]]).await;
    let reach = Reach::plain(&[platform.address]);
    assert_eq!(reach.body().await, Ok("1".to_owned()));
    let second = reach.send(get()).await.unwrap();
    assert_eq!((second.body.as_ref(), second.timing.connect), (b"2".as_slice(), None));
    assert_eq!(platform.connections(), [0, 0]);
}

#[tokio::test]
async fn a_get_lost_on_a_reused_connection_is_sent_once_more_over_a_new_one() {
    let first = vec![Step::Write(sized("1")), Step::Close(String::new())];
    let platform = Platform::new(vec![first, vec![Step::Write(sized("2"))]]).await;
    let reach = Reach::plain(&[platform.address]);
    assert_eq!(reach.body().await, Ok("1".to_owned()));
    assert_eq!(reach.body().await, Ok("2".to_owned()));
    assert_eq!(platform.connections(), [0, 0, 1]);
}

#[tokio::test]
async fn a_get_is_not_sent_a_third_time() {
    let first = vec![Step::Write(sized("1")), Step::Close(String::new())];
    let platform =
        Platform::new(vec![first, vec![Step::Close(String::new())], vec![Step::Write(sized("3"))]]).await;
    let reach = Reach::plain(&[platform.address]);
    assert_eq!(reach.body().await, Ok("1".to_owned()));
    assert_eq!(reach.body().await, Err("platform-broken"));
    assert_eq!(platform.connections(), [0, 0, 1]);
}

#[tokio::test]
async fn a_post_lost_on_a_reused_connection_is_not_sent_again() {
    let first = vec![Step::Write(sized("1")), Step::Close(String::new())];
    let platform = Platform::new(vec![first, vec![Step::Write(sized("2"))]]).await;
    let reach = Reach::plain(&[platform.address]);
    assert_eq!(reach.body().await, Ok("1".to_owned()));
    let fault = reach.send(request(Method::POST, false)).await.unwrap_err();
    assert_eq!(fault.code(), "platform-broken");
    assert_eq!(platform.connections(), [0, 0]);
}

#[tokio::test]
async fn a_get_is_not_sent_again_once_a_byte_of_its_answer_came() {
    let first = vec![Step::Write(sized("1")), Step::Close("H".to_owned())];
    let platform = Platform::new(vec![first, vec![Step::Write(sized("2"))]]).await;
    let reach = Reach::plain(&[platform.address]);
    assert_eq!(reach.body().await, Ok("1".to_owned()));
    assert_eq!(reach.body().await, Err("platform-broken"));
    assert_eq!(platform.connections(), [0, 0]);
}

#[tokio::test]
async fn a_get_lost_on_a_new_connection_is_not_sent_again() {
    let platform = Platform::new(vec![vec![Step::Close(String::new())], vec![Step::Write(sized("2"))]]).await;
    assert_eq!(Reach::plain(&[platform.address]).body().await, Err("platform-broken"));
    assert_eq!(platform.connections(), [0]);
}

#[tokio::test]
async fn an_answer_nobody_asked_for_reaches_nobody() {
    let doubled = format!("{}{}", sized("1"), sized("stray"));
    let platform = Platform::new(vec![vec![Step::Write(doubled)], vec![Step::Write(sized("2"))]]).await;
    let reach = Reach::plain(&[platform.address]);
    assert_eq!(reach.body().await, Ok("1".to_owned()));
    assert_eq!(reach.body().await, Ok("2".to_owned()));
    assert_eq!(platform.connections(), [0, 1]);
}

#[tokio::test]
async fn a_connection_is_not_used_again_after_an_answer_that_has_no_body() {
    for (method, text) in [
        (Method::HEAD, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"),
        (Method::GET, "HTTP/1.1 204 No Content\r\n\r\n"),
        (Method::GET, "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n"),
    ] {
        let first = vec![Step::Write(text.to_owned()), Step::Write(sized("stray"))];
        let platform = Platform::new(vec![first, vec![Step::Write(sized("2"))]]).await;
        let reach = Reach::plain(&[platform.address]);
        assert!(reach.send(request(method, true)).await.unwrap().body.is_empty());
        assert_eq!(reach.body().await, Ok("2".to_owned()), "{text:?}");
        assert_eq!(platform.connections(), [0, 1]);
    }
}

#[tokio::test]
async fn a_body_after_an_answer_that_has_none_reaches_nobody() {
    let head = answer("Content-Length: 5\r\n", "stray");
    let platform = Platform::new(vec![vec![Step::Write(head)], vec![Step::Write(sized("2"))]]).await;
    let reach = Reach::plain(&[platform.address]);
    let answer = reach.send(request(Method::HEAD, true)).await.unwrap();
    assert!(answer.body.is_empty());
    assert_eq!(reach.body().await, Ok("2".to_owned()));
    assert_eq!(platform.connections(), [0, 1]);
}
