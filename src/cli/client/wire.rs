//! The bytes of a connection, listening for what the other side says last.
//!
//! In TLS 1.3 the client's handshake ends before the server has judged the client's certificate: a refusal comes as an alert afterwards,
//! perhaps while we write to a socket that is closed already. Whoever only sees the failed write never learns why. So a failed write is
//! followed by one read, and the first alert is kept, since HTTP/2 passes on the text of an error but not the error.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::OnceLock;
use std::task::Context;
use std::task::Poll;

use tokio::io::AsyncRead;
use tokio::io::AsyncWrite;
use tokio::io::ReadBuf;

/// The first TLS error a connection met. Clones share it.
#[derive(Debug, Clone, Default)]
pub(super) struct Told(Arc<OnceLock<rustls::Error>>);

impl Told {
    pub(super) fn get(&self) -> Option<&rustls::Error> {
        self.0.get()
    }

    fn note(&self, error: &io::Error) {
        if let Some(error) = tls_error(error) {
            self.0.get_or_init(|| error.clone());
        }
    }
}

/// The TLS error inside an input or output error, if there is one.
pub(super) fn tls_error(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref()?.downcast_ref()
}

/// A stream that keeps what it was told.
#[derive(Debug)]
pub(super) struct Wire<S> {
    stream: S,
    told: Told,
}

impl<S> Wire<S> {
    pub(super) fn new(stream: S) -> Self {
        Self { stream, told: Told::default() }
    }

    pub(super) fn told(&self) -> Told {
        self.told.clone()
    }
}

impl<S: AsyncRead + Unpin> Wire<S> {
    /// Keeps the cause of a failed write; if the write does not know it, asks the reading side once.
    fn after<T>(&mut self, context: &mut Context<'_>, done: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if let Poll::Ready(Err(error)) = &done {
            self.told.note(error);
            let mut scratch = [0; 64];
            if let Poll::Ready(Err(error)) =
                Pin::new(&mut self.stream).poll_read(context, &mut ReadBuf::new(&mut scratch))
            {
                self.told.note(&error);
            }
        }
        done
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Wire<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        if let Poll::Ready(Err(error)) = &read {
            self.told.note(error);
        }
        read
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Wire<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.after(context, written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(context);
        self.after(context, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let shut = Pin::new(&mut self.stream).poll_shutdown(context);
        self.after(context, shut)
    }
}
