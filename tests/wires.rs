//! Bytes on the wire that no well-behaved client sends, and callers that stop in the middle: refused or cut off, never forwarded.

#[cfg(test)]
mod world;

use tokio::io::AsyncRead;
use tokio::io::AsyncReadExt as _;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use world::CENTRE;
use world::PATIENCE;
use world::STRANGER;
use world::World;
use world::kinds;
use world::lookup_path;
use world::replace;

/// Writes these bytes after a handshake and reads what comes back, to the end of one answer or of the connection.
#[cfg(test)]
async fn said_to(world: &World, agency: &str, bytes: &str) -> String {
    let mut stream = world.client(agency).connect().await.unwrap();
    stream.write_all(bytes.as_bytes()).await.unwrap();
    one_answer(&mut stream).await
}

#[cfg(test)]
async fn one_answer(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut said = Vec::new();
    let reading = async {
        let mut chunk = [0; 4_096];
        while !is_whole(&String::from_utf8_lossy(&said)) {
            match stream.read(&mut chunk).await {
                Ok(0) | Err(_) => return,
                Ok(count) => said.extend_from_slice(&chunk[..count]),
            }
        }
    };
    tokio::time::timeout(PATIENCE, reading).await.expect("the gateway answers or hangs up");
    String::from_utf8(said).unwrap()
}

#[cfg(test)]
fn is_whole(said: &str) -> bool {
    let Some((head, body)) = said.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    length.is_none_or(|length| body.len() >= length.parse().unwrap())
}

#[cfg(test)]
fn status(said: &str) -> u16 {
    let status = said.strip_prefix("HTTP/1.").and_then(|rest| rest.split(' ').nth(1));
    status.and_then(|status| status.parse().ok()).unwrap_or_else(|| panic!("no answer: {said:?}"))
}

#[tokio::test]
async fn a_message_that_two_readers_would_end_or_address_in_two_ways_is_refused() {
    let world = World::start().await;
    let path = lookup_path();
    let purpose = "Exchange-Purpose: tra-cuu\r\n";
    let matching = "Exchange-Purpose: doi-chieu\r\nContent-Type: application/json\r\n";
    let chunked = "2\r\n{}\r\n0\r\n\r\n";
    for (what, bytes) in [
        ("two hosts", format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nHost: gw.test\r\n{purpose}\r\n")),
        ("no host", format!("GET {path} HTTP/1.1\r\n{purpose}\r\n")),
        (
            "an absolute form",
            format!("GET https://localhost{path} HTTP/1.1\r\nHost: localhost\r\n{purpose}\r\n"),
        ),
        ("HTTP/1.0", format!("GET {path} HTTP/1.0\r\nHost: localhost\r\n{purpose}\r\n")),
        ("a space", format!("GET {path} x HTTP/1.1\r\nHost: localhost\r\n{purpose}\r\n")),
        ("TRACE", format!("TRACE {path} HTTP/1.1\r\nHost: localhost\r\n{purpose}\r\n")),
        ("CONNECT", format!("CONNECT localhost:443 HTTP/1.1\r\nHost: localhost\r\n{purpose}\r\n")),
        ("a folded header", format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nX: a\r\n b\r\n{purpose}\r\n")),
        (
            "a space before the colon",
            format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nX : a\r\n{purpose}\r\n"),
        ),
        ("a NUL", format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nX: a\0b\r\n{purpose}\r\n")),
        (
            "two lengths",
            format!(
                "POST /mau/doi-chieu HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nContent-Length: 3\r\n{matching}\r\n{{}} "
            ),
        ),
        (
            "another coding before the chunks",
            format!(
                "POST /mau/doi-chieu HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip, chunked\r\n{matching}\r\n{chunked}"
            ),
        ),
        (
            "a body on a GET",
            format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n{purpose}\r\nhello"),
        ),
        (
            "a wish for WebSocket with a second request behind it",
            format!(
                "GET {path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: upgrade\r\n{purpose}\r\nGET {path} HTTP/1.1\r\n\r\n"
            ),
        ),
    ] {
        let said = said_to(&world, CENTRE, &bytes).await;
        assert_eq!(status(&said), 400, "{what}: {said}");
    }
    assert_eq!(world.platform.seen().len(), 0);
    world.end().await;
}

/// The parser drops it before anybody can judge it (CVE-2021-32779 came of keeping it): what is judged and what is asked have none.
#[tokio::test]
async fn a_fragment_is_neither_judged_nor_forwarded() {
    let world = World::start().await;
    let path = lookup_path();
    let bytes = format!("GET {path}#/../x HTTP/1.1\r\nHost: localhost\r\nExchange-Purpose: tra-cuu\r\n\r\n");
    assert_eq!(status(&said_to(&world, CENTRE, &bytes).await), 200);
    assert_eq!(world.platform.seen()[0].target, path.trim_start_matches("/mau"));
    world.end().await;
}

/// RFC 9112 6.3: the chunks count, and nothing that follows is read. The parser takes the length away before anybody can judge it.
#[tokio::test]
async fn a_length_beside_chunks_reaches_no_platform_and_ends_the_connection() {
    let world = World::start().await;
    let head = "POST /mau/doi-chieu HTTP/1.1\r\nHost: localhost\r\nExchange-Purpose: doi-chieu\r\nContent-Type: application/json\r\n";
    let two = "Content-Length: 40\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n";
    let behind = format!("{head}Content-Length: 2\r\n\r\n{{}}");
    let mut stream = world.client(CENTRE).connect().await.unwrap();
    stream.write_all(format!("{head}{two}{behind}").as_bytes()).await.unwrap();
    let first = one_answer(&mut stream).await;
    assert!(status(&first) == 200 && first.contains("\r\nconnection: close\r\n"), "{first}");
    assert_eq!(first.matches("HTTP/1.").count(), 1, "what followed was answered: {first}");
    assert_eq!(one_answer(&mut stream).await, "", "what followed was answered");
    let [seen] = <[_; 1]>::try_from(world.platform.seen()).unwrap();
    assert_eq!((seen.headers["content-length"].to_str().unwrap(), &*seen.body), ("2", b"{}".as_slice()));
    assert!(!seen.headers.contains_key("transfer-encoding"));
    world.end().await;
}

/// Whoever stands between may have seen the message end elsewhere: what follows could be what it took for a part of the body.
#[tokio::test]
async fn where_a_refused_message_ends_is_in_doubt_and_nothing_behind_it_is_a_request() {
    let world = World::start().await;
    let head = "POST /mau/doi-chieu HTTP/1.1\r\nHost: localhost\r\nExchange-Purpose: doi-chieu\r\nContent-Type: application/json\r\n";
    let behind =
        format!("GET {} HTTP/1.1\r\nHost: localhost\r\nExchange-Purpose: tra-cuu\r\n\r\n", lookup_path());
    for framing in [
        "Transfer-Encoding: gzip, chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        "Transfer-Encoding: identity, chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        "Content-Length: 02\r\n\r\n{}",
    ] {
        let mut stream = world.client(CENTRE).connect().await.unwrap();
        stream.write_all(format!("{head}{framing}{behind}").as_bytes()).await.unwrap();
        let first = one_answer(&mut stream).await;
        assert!(status(&first) == 400 && first.contains("\r\nconnection: close\r\n"), "{framing}: {first}");
        assert_eq!(one_answer(&mut stream).await, "", "{framing}: what followed was answered");
    }
    assert_eq!(world.platform.seen().len(), 0);
    world.end().await;
}

#[tokio::test]
async fn a_refused_caller_is_not_asked_to_send_its_body_and_an_allowed_one_is() {
    let world = World::start().await;
    let head = "POST /mau/doi-chieu HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 2\r\nExpect: 100-continue\r\nExchange-Purpose: doi-chieu\r\n\r\n";
    let refused = said_to(&world, STRANGER, head).await;
    assert_eq!(status(&refused), 403, "{refused}");
    let mut allowed = world.client(CENTRE).connect().await.unwrap();
    allowed.write_all(head.as_bytes()).await.unwrap();
    let mut go_on = [0; 25];
    allowed.read_exact(&mut go_on).await.unwrap();
    assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n");
    allowed.write_all(b"{}").await.unwrap();
    let answered = one_answer(&mut allowed).await;
    assert_eq!(status(&answered), 200, "{answered}");
    let [seen] = <[_; 1]>::try_from(world.platform.seen()).unwrap();
    assert!(!seen.headers.contains_key("expect"));
    world.end().await;
}

#[tokio::test]
async fn a_caller_that_stops_in_the_middle_of_its_body_is_refused_and_recorded() {
    let mut world = World::build("").await;
    replace(&world.configuration(), "drain_timeout", "body_timeout = \"200 ms\"\ndrain_timeout");
    world.open().await;
    let half = "POST /mau/doi-chieu HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 50\r\nExchange-Purpose: doi-chieu\r\n\r\n{\"SoDinh";
    let said = said_to(&world, CENTRE, half).await;
    assert_eq!(status(&said), 400, "{said}");
    assert_eq!(world.platform.seen().len(), 0);
    let leaves = world.end().await;
    assert_eq!(kinds(&leaves).iter().filter(|kind| **kind == "exchange.refused").count(), 1);
}

#[tokio::test]
async fn who_connects_and_says_nothing_is_sent_away_and_summed_up() {
    let mut world = World::build("").await;
    replace(&world.configuration(), "drain_timeout", "handshake_timeout = \"200 ms\"\ndrain_timeout");
    world.open().await;
    let mut mute = TcpStream::connect(world.address()).await.unwrap();
    assert_eq!(one_answer(&mut mute).await, "");
    world
        .until("it is summed up", |leaves| leaves.iter().any(|leaf| leaf["reason"] == "handshake-timeout"))
        .await;
    world.end().await;
}

#[tokio::test]
async fn one_address_has_so_many_connections_and_the_next_is_sent_away_until_one_ends() {
    let mut world = World::build("").await;
    replace(&world.configuration(), "drain_timeout", "connections_per_source = 2\ndrain_timeout");
    world.open().await;
    let client = world.client(CENTRE);
    let first = client.connect().await.unwrap();
    let _second = client.connect().await.unwrap();
    assert!(client.connect().await.is_err(), "a third connection got in");
    drop(first);
    let again = async {
        while client.connect().await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, again).await.expect("the next gets in when one has ended");
    world.end().await;
}
