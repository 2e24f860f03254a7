//! Which endpoint and which connection is taken.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpListener;

use super::super::refusal::{Fault, NoConnection};
use super::platform::{Platform, Step, sized};
use super::{Reach, get};

/// An address at which nobody listens.
async fn nobody() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap()
}

#[tokio::test]
async fn a_platform_that_refuses_connections_is_unreachable() {
    let fault = Reach::plain(&[nobody().await, nobody().await]).send(get()).await.unwrap_err();
    assert!(matches!(fault, Fault::Unreachable(NoConnection::Tcp(_))), "{fault:?}");
}

#[tokio::test]
async fn a_service_that_was_not_there_at_the_start_is_unreachable() {
    let mut reach = Reach::plain(&[nobody().await]);
    reach.service.id = "ho-tich".parse().unwrap();
    let fault = reach.send(get()).await.unwrap_err();
    assert!(matches!(fault, Fault::Unreachable(NoConnection::NoEndpoint)), "{fault:?}");
}

#[tokio::test]
async fn an_endpoint_that_does_not_connect_is_passed_over() {
    let platform = Platform::new(vec![vec![Step::Write(sized("1")), Step::Write(sized("2"))]]).await;
    let reach = Reach::plain(&[nobody().await, platform.address]);
    assert_eq!(reach.body().await, Ok("1".to_owned()));
    assert_eq!(reach.body().await, Ok("2".to_owned()));
}

#[tokio::test]
async fn an_endpoint_that_failed_to_connect_rests_for_a_while_and_is_tried_again() {
    let answers = vec![vec![Step::Write(sized("b")); 4]];
    let second = Platform::new(answers).await;
    let first = nobody().await;
    let reach = Reach::plain(&[first, second.address]);
    assert_eq!(reach.body().await, Ok("b".to_owned()), "the first endpoint is tried and fails");
    let listener = TcpListener::bind(first).await.unwrap();
    for _ in 0..2 {
        assert_eq!(reach.body().await, Ok("b".to_owned()), "the first endpoint rests though it is back");
    }
    reach.clock.advance(Duration::from_secs(5));
    let back = async {
        let (stream, _) = listener.accept().await.unwrap();
        let (_, follow) = Platform::at(first);
        follow.play(0, stream, vec![Step::Close(sized("a"))]).await;
    };
    let (answer, ()) = tokio::join!(reach.body(), back);
    assert_eq!(answer, Ok("a".to_owned()));
}

#[tokio::test]
async fn the_endpoint_with_the_least_under_way_is_taken() {
    let busy = Platform::new(vec![vec![Step::Silence(String::new())]]).await;
    let free = Platform::new(vec![vec![Step::Write(sized("1")), Step::Write(sized("2"))]]).await;
    let reach = Reach::plain(&[busy.address, free.address]);
    let waiting = reach.body();
    let others = async {
        while busy.requests().is_empty() {
            tokio::task::yield_now().await;
        }
        assert_eq!(reach.body().await, Ok("1".to_owned()));
        assert_eq!(reach.body().await, Ok("2".to_owned()));
    };
    tokio::select! {
        answer = waiting => panic!("{answer:?}"),
        () = others => {}
    }
    assert_eq!((busy.connections().len(), free.connections().len()), (1, 2));
}

#[tokio::test]
async fn equal_endpoints_share_the_work() {
    let one = Platform::new(vec![vec![Step::Write(sized("1")); 3]]).await;
    let two = Platform::new(vec![vec![Step::Write(sized("2")); 3]]).await;
    let reach = Reach::plain(&[one.address, two.address]);
    for _ in 0..6 {
        reach.body().await.unwrap();
    }
    assert_eq!((one.connections().len(), two.connections().len()), (3, 3));
}

#[tokio::test]
async fn a_connection_that_was_idle_too_long_is_not_used_again() {
    let platform = Platform::new(vec![vec![Step::Write(sized("1")); 2], vec![Step::Write(sized("2"))]]).await;
    let reach = Reach::plain(&[platform.address]);
    assert_eq!(reach.body().await, Ok("1".to_owned()));
    reach.clock.advance(Duration::from_secs(10));
    assert_eq!(reach.body().await, Ok("2".to_owned()));
    assert_eq!(platform.connections(), [0, 1]);
}

#[tokio::test]
async fn a_connection_closed_while_idle_is_not_used_again_even_for_a_post() {
    let platform = Platform::new(vec![vec![Step::Close(sized("1"))], vec![Step::Write(sized("2"))]]).await;
    let reach = Reach::plain(&[platform.address]);
    assert_eq!(reach.body().await, Ok("1".to_owned()));
    // Whether the close is seen when the connection is taken or when the request is handed over, no byte of it is written.
    while reach.platforms.has_idle(&reach.service) {
        tokio::task::yield_now().await;
    }
    let answer = reach.send(super::request(http::Method::POST, false)).await.unwrap();
    assert_eq!(answer.body.as_ref(), b"2");
    assert_eq!(platform.connections(), [0, 1]);
}
