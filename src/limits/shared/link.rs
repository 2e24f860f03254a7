//! The connection to the store. Whatever goes wrong on it, the store is lost until the connection has been made anew: a message that was
//! not answered may still be carried out.

use std::fmt;
use std::str::FromStr;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use redis::AsyncConnectionConfig;
use redis::Client;
use redis::RedisError;
use redis::aio::MultiplexedConnection;

use super::message::Answer;
use super::message::Ask;
use super::message::WANTED;
use super::message::joined;

/// How long one message may take, and how long a connection: an exchange waits for it, and a store beside the gateways answers in less
/// than a thousandth of that.
const PATIENCE: Duration = Duration::from_millis(500);

/// The decision, as the store carries it out.
const SPEND: &str = include_str!("spend.lua");

/// How long the store remembers which nodes have joined it, in seconds: longer than any month of a quota.
const JOINED_SECONDS: i64 = 40 * 24 * 3_600;

/// Where a store is: `redis://host:6379/0`, `redis+unix:///run/redis/redis.sock`; a user and password may be in it.
#[derive(Clone)]
pub struct Address {
    text: String,
    client: Client,
}

impl PartialEq for Address {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Address {}

/// A text that is no address of a store.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an address of a store")]
pub struct NotAnAddress;

impl FromStr for Address {
    type Err = NotAnAddress;

    fn from_str(text: &str) -> Result<Self, NotAnAddress> {
        // What the library says of it is not repeated: a password may stand in it.
        let client = Client::open(text).map_err(|_| NotAnAddress)?;
        Ok(Self { text: text.to_owned(), client })
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Address(..)")
    }
}

/// The store cannot be asked.
#[derive(Debug, thiserror::Error)]
pub enum Lost {
    /// There is no connection.
    #[error("there is no connection")]
    Unconnected,
    /// It failed, or took too long.
    #[error("the store does not answer")]
    Failed(#[from] RedisError),
    /// It answers otherwise than was asked.
    #[error("{0}")]
    Other(String),
}

/// The connection, if there is one.
pub(super) struct Link {
    address: Address,
    connected: Mutex<Option<Connected>>,
}

#[derive(Clone)]
struct Connected {
    connection: MultiplexedConnection,
    /// The key of the nodes that have joined this very process of the store: another process may have forgotten something.
    joined: String,
    /// What the store calls the script.
    script: String,
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Link(..)")
    }
}

impl Link {
    pub(super) fn new(address: Address) -> Self {
        Self { address, connected: Mutex::default() }
    }

    /// Makes the connection anew.
    pub(super) async fn connect(&self) -> Result<(), Lost> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(PATIENCE))
            .set_response_timeout(Some(PATIENCE));
        let mut connection =
            self.address.client.get_multiplexed_async_connection_with_config(&config).await?;
        let info: String = redis::cmd("INFO").arg("server").query_async(&mut connection).await?;
        let run = info.lines().find_map(|line| line.strip_prefix("run_id:"));
        let run = run.ok_or_else(|| Lost::Other("it does not say which process it is".to_owned()))?;
        let joined = joined(run.trim());
        let script = redis::cmd("SCRIPT").arg("LOAD").arg(SPEND).query_async(&mut connection).await?;
        let connected = Connected { connection, joined, script };
        *self.connected.lock().unwrap_or_else(PoisonError::into_inner) = Some(connected);
        Ok(())
    }

    /// Lets go of the connection.
    pub(super) fn cut(&self) {
        self.connected.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    /// Says that this node has told all it knows.
    pub(super) async fn join(&self, node: &str) -> Result<(), Lost> {
        let Connected { mut connection, joined, .. } = self.connected()?;
        let mut both = redis::pipe();
        both.hset(&joined, node, 1).ignore().expire(&joined, JOINED_SECONDS).ignore();
        both.query_async::<()>(&mut connection).await.map_err(Lost::from)
    }

    /// The accounts of which somebody wants more than is free.
    ///
    /// # Errors
    /// Also where the store has forgotten that this node joined it, and what else nobody knows.
    pub(super) async fn wanted(&self, node: &str) -> Result<Vec<String>, Lost> {
        let Connected { mut connection, joined, .. } = self.connected()?;
        let mut both = redis::pipe();
        both.hexists(&joined, node).smembers(WANTED);
        match both.query_async(&mut connection).await? {
            (true, wanted) => Ok(wanted),
            (false, _) => Err(Lost::Other("it has forgotten what it was told".to_owned())),
        }
    }

    pub(super) async fn send(&self, ask: &Ask) -> Result<Answer, Lost> {
        let Connected { mut connection, joined, script } = self.connected()?;
        let text = serde_json::to_string(ask).map_err(|fault| Lost::Other(fault.to_string()))?;
        let mut call = redis::cmd("EVALSHA");
        call.arg(script).arg(ask.keys().len() + 2).arg(&joined).arg(WANTED).arg(ask.keys()).arg(text);
        let numbers: Vec<i64> = call.query_async(&mut connection).await?;
        ask.answer(&numbers).ok_or_else(|| Lost::Other("its answer is none to what was asked".to_owned()))
    }

    /// Takes a name that nobody has taken for so many seconds; whether it was free.
    pub(super) async fn take(&self, name: &str, seconds: i64) -> Result<bool, Lost> {
        let Connected { mut connection, .. } = self.connected()?;
        let mut take = redis::cmd("SET");
        take.arg(name).arg(1).arg("NX").arg("EX").arg(seconds);
        let taken: Option<String> = take.query_async(&mut connection).await?;
        Ok(taken.is_some())
    }

    fn connected(&self) -> Result<Connected, Lost> {
        let connected = self.connected.lock().unwrap_or_else(PoisonError::into_inner);
        connected.clone().ok_or(Lost::Unconnected)
    }
}
