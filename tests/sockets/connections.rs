//! What a stranger can hold open, and for how long.

use http::StatusCode;
use phohien::listener::accept::Knock;
use phohien::listener::accept::Settings;
use phohien::listener::connection::Times;
use tokio::io::AsyncReadExt as _;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use crate::stage::AT_ONCE;
use crate::stage::NEVER;
use crate::stage::SOON;
use crate::stage::Stage;
use crate::stage::generous;
use crate::stage::http1;
use crate::stage::http2;
use crate::stage::read;
use crate::stage::request;
use crate::stage::within;

fn idle_soon() -> Settings {
    Settings { times: Times { head: NEVER, idle: SOON }, ..generous() }
}

async fn raw(stage: &Stage, alpn: &str) -> TlsStream<TcpStream> {
    stage.connect(&stage.client(Some("H31.01.01"), &[alpn])).await.unwrap()
}

/// Reads until the other side has ended the connection, however it did.
async fn cut(mut stream: TlsStream<TcpStream>) -> Vec<u8> {
    let mut rest = Vec::new();
    let _ = within(stream.read_to_end(&mut rest)).await;
    rest
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handshake_that_never_begins_is_cut() {
    let mut stage = Stage::set(Settings { handshake_timeout: AT_ONCE, ..generous() }).await;
    let mut silent = stage.tcp().await;
    assert_eq!(stage.knock().await.0, Knock::HandshakeTimeout);
    assert_eq!(within(silent.read(&mut [0; 1])).await.unwrap_or_default(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_never_ends_is_cut() {
    let stage = Stage::set(Settings { times: Times { head: SOON, idle: NEVER }, ..generous() }).await;
    let mut slow = raw(&stage, "http/1.1").await;
    slow.write_all(b"GET /who HTTP/1.1\r\nhost: local").await.unwrap();
    cut(slow).await;
    assert!(stage.desk.sources.lock().unwrap().is_empty());
    // Nor may one that was served keep its connection without asking again.
    let mut kept = raw(&stage, "http/1.1").await;
    kept.write_all(b"GET /who HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    assert!(cut(kept).await.starts_with(b"HTTP/1.1 200"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_asks_nothing_is_sent_away_in_both_versions() {
    let stage = Stage::set(idle_soon()).await;
    cut(raw(&stage, "http/1.1").await).await;
    // Without the preface of HTTP/2 no ping is ever sent: nothing else would end this one.
    cut(raw(&stage, "h2").await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_that_answers_pings_and_asks_nothing_is_sent_away() {
    let stage = Stage::set(idle_soon()).await;
    let (mut sender, connection) = http2(raw(&stage, "h2").await).await;
    assert_eq!(within(sender.send_request(request("/who"))).await.unwrap().status(), StatusCode::OK);
    let _ = within(connection).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_that_does_not_read_its_answer_is_cut_in_both_versions() {
    let stage = Stage::set(idle_soon()).await;
    let (mut sender, connection) = http2(raw(&stage, "h2").await).await;
    let unread = within(sender.send_request(request("/big"))).await.unwrap();
    within(stage.desk.arrived.acquire()).await.unwrap().forget();
    let _ = within(connection).await.unwrap();
    drop(unread);
    let mut deaf = raw(&stage, "http/1.1").await;
    deaf.write_all(b"GET /big HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    within(stage.desk.arrived.acquire()).await.unwrap().forget();
    stage.stop.stop();
    // Every connection has ended though `deaf` was not read, and the drain has no end of its own.
    stage.ended().await;
    drop(deaf);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_that_waits_for_us_is_not_idle() {
    let stage = Stage::set(idle_soon()).await;
    let (mut second, _connection) = http2(raw(&stage, "h2").await).await;
    let mut first = http1(raw(&stage, "http/1.1").await).await;
    let waiting = tokio::spawn(async move {
        tokio::join!(first.send_request(request("/hold")), second.send_request(request("/hold")))
    });
    within(stage.desk.arrived.acquire_many(2)).await.unwrap().forget();
    // Three others are sent away meanwhile, one after the other: more than the time until a cut has passed.
    for _ in 0..3 {
        cut(raw(&stage, "http/1.1").await).await;
    }
    stage.desk.released.add_permits(2);
    let (first, second) = within(waiting).await.unwrap();
    assert_eq!(read(first.unwrap()).await.1, "held");
    assert_eq!(read(second.unwrap()).await.1, "held");
}

#[tokio::test(flavor = "multi_thread")]
async fn more_connections_than_allowed_from_one_address_are_closed_and_counted() {
    let mut stage = Stage::set(Settings { per_source: 1, ..generous() }).await;
    let first = raw(&stage, "http/1.1").await;
    let mut second = stage.tcp().await;
    assert_eq!(stage.knock().await.0, Knock::Source);
    assert_eq!(within(second.read(&mut [0; 1])).await.unwrap_or_default(), 0);
    let told = read(within(http1(first).await.send_request(request("/who"))).await.unwrap()).await;
    assert_eq!(told.0, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn beyond_the_most_connections_the_next_waits_until_one_ends() {
    let stage = Stage::set(Settings { connections: 1, ..generous() }).await;
    let stream = raw(&stage, "http/1.1").await;
    let ours = stream.get_ref().0.local_addr().unwrap();
    let mut first = http1(stream).await;
    let (client, tcp) = (stage.client(Some("H31.01.01"), &["http/1.1"]), stage.tcp().await);
    let second = tokio::spawn(async move {
        let connector = tokio_rustls::TlsConnector::from(client);
        let stream = connector.connect("localhost".try_into().unwrap(), tcp).await.unwrap();
        http1(stream).await.send_request(request("/who")).await.unwrap().status()
    });
    for _ in 0..50 {
        within(first.ready()).await.unwrap();
        let answer = within(first.send_request(request("/who"))).await.unwrap();
        assert_eq!(read(answer).await.0, StatusCode::OK);
    }
    assert!(stage.desk.sources.lock().unwrap().iter().all(|source| *source == ours));
    drop(first);
    assert_eq!(within(second).await.unwrap(), StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_is_counted_and_ends_one_connection_or_one_stream() {
    let mut stage = Stage::set(generous()).await;
    let mut first = http1(raw(&stage, "http/1.1").await).await;
    assert!(within(first.send_request(request("/panic"))).await.is_err());
    assert_eq!(stage.knock().await.0, Knock::Panic);
    let (mut second, _connection) = http2(raw(&stage, "h2").await).await;
    assert!(within(second.send_request(request("/panic"))).await.is_err());
    assert_eq!(stage.knock().await.0, Knock::Panic);
    let told = read(within(second.send_request(request("/who"))).await.unwrap()).await;
    assert_eq!(told.0, StatusCode::OK);
    assert_eq!(stage.ask("H31.01.01", "/who").await.0, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_breaks_the_protocol_is_counted_and_never_reaches_the_exchange() {
    let mut stage = Stage::set(generous()).await;
    let mut stream = raw(&stage, "http/1.1").await;
    let fields: String = (0..200).map(|at| format!("x-{at}: y\r\n")).collect();
    stream
        .write_all(format!("GET /who HTTP/1.1\r\nhost: localhost\r\n{fields}\r\n").as_bytes())
        .await
        .unwrap();
    assert_eq!(stage.knock().await.0, Knock::Protocol);
    cut(stream).await;
    assert!(stage.desk.sources.lock().unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_under_way_when_we_stop_is_answered_first() {
    let stage = Stage::set(generous()).await;
    let idle = raw(&stage, "http/1.1").await;
    let (mut sender, _connection) = http2(raw(&stage, "h2").await).await;
    let mut other = sender.clone();
    let answer = tokio::spawn(async move { sender.send_request(request("/hold")).await });
    within(stage.desk.arrived.acquire()).await.unwrap().forget();
    stage.stop.stop();
    cut(idle).await;
    // Once nothing new is taken on this connection, it has heard of the stop.
    while within(other.send_request(request("/who"))).await.is_ok() {}
    stage.desk.released.add_permits(1);
    assert_eq!(read(within(answer).await.unwrap().unwrap()).await.1, "held");
    stage.ended().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_end_in_the_time_to_drain_is_cut() {
    let stage = Stage::set(Settings { drain_timeout: AT_ONCE, ..generous() }).await;
    let mut sender = http1(raw(&stage, "http/1.1").await).await;
    let answer = tokio::spawn(async move { sender.send_request(request("/hold")).await });
    within(stage.desk.arrived.acquire()).await.unwrap().forget();
    stage.stop.stop();
    stage.ended().await;
    assert!(within(answer).await.unwrap().is_err());
}
