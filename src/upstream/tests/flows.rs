//! Answers that are taken as they come, and how slowly they may come.

use std::time::Duration;

use tokio::io::AsyncReadExt as _;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;
use tokio::net::TcpStream;

use super::super::refusal::Fault;
use super::super::refusal::Phase;
use super::super::source::Source;
use super::GENEROUS;
use super::Reach;
use super::SHORT;
use super::endpoint;
use super::get;
use super::service;

/// What a platform may be waited for before a byte has come: so long that no test waits for it by the machine's clock.
const PATIENCE: Duration = Duration::from_secs(3_600);

/// An answer that has begun, and where its platform writes it.
struct Flow {
    reach: Reach,
    source: Source,
    platform: TcpStream,
}

impl Flow {
    async fn begin() -> Self {
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut service = service(vec![endpoint(socket.local_addr().unwrap(), None)]);
        service.timeouts.body = PATIENCE;
        let reach = Reach::new(service);
        let outgoing = get();
        let answering = async {
            let (mut stream, _) = socket.accept().await.unwrap();
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(stream.read_u8().await.unwrap());
            }
            stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").await.unwrap();
            stream
        };
        let (source, platform) = tokio::join!(reach.platforms.open(&reach.service, &outgoing), answering);
        Self { source: source.unwrap(), reach, platform }
    }

    /// So many bytes come after this time.
    async fn comes(&mut self, bytes: usize, after: Duration) {
        let chunk = [format!("{bytes:x}\r\n").as_bytes(), &vec![b' '; bytes], b"\r\n"].concat();
        let writing = async {
            self.reach.clock.advance(after);
            self.platform.write_all(&chunk).await.unwrap();
        };
        let reading = async {
            let mut read = 0;
            while read < bytes {
                read += self.source.chunk().await.unwrap().unwrap().len();
            }
        };
        tokio::join!(biased; reading, writing);
    }

    /// What becomes of it if nothing more comes; none if that would still be waited for.
    async fn silence(&mut self) -> Option<Fault> {
        tokio::time::timeout(SHORT, self.source.chunk()).await.ok().map(Result::unwrap_err)
    }
}

#[tokio::test]
async fn a_platform_that_gives_less_than_a_kibibyte_a_second_is_not_waited_for_without_end() {
    let mut flow = Flow::begin().await;
    // Six minutes for a kibibyte: of an hour's patience nine times that leave six minutes, and what was earned.
    for _ in 0..9 {
        flow.comes(1 << 10, PATIENCE / 10).await;
    }
    assert!(flow.silence().await.is_none(), "its patience is not used up");
    flow.comes(1 << 10, PATIENCE / 10 + Duration::from_secs(11)).await;
    let ended = tokio::time::timeout(GENEROUS, flow.source.chunk()).await.expect("nobody waits for more");
    assert!(matches!(ended, Err(Fault::Timeout(Phase::Body))), "{ended:?}");
}

#[tokio::test]
async fn a_platform_that_gives_a_kibibyte_a_second_is_waited_for_as_long_as_that_takes() {
    let mut flow = Flow::begin().await;
    for _ in 0..120 {
        flow.comes(60 << 10, Duration::from_secs(60)).await;
    }
    assert!(flow.silence().await.is_none(), "two hours of it used up what it earned");
    // The time in which nobody asks for more is not the platform's.
    flow.reach.clock.advance(10 * PATIENCE);
    assert!(flow.silence().await.is_none());
}
