//! Frames on a stream: (kind, version, bytes), read with a limit and without trusting the announced length.

use contract::wire::HEADER;
use contract::wire::Header;
use contract::wire::Message;
use contract::wire::WireError;
use tokio::io::AsyncRead;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWrite;
use tokio::io::AsyncWriteExt;

/// Why no message could be read.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    /// The stream broke.
    #[error("reading a frame")]
    Stream(#[from] std::io::Error),
    /// The bytes are not a message.
    #[error("understanding a frame")]
    Wire(#[from] WireError),
    /// A body larger than this stream's messages.
    #[error(
        "a frame of kind {kind} announces {length} bytes, more than the {limit} of this stream"
    )]
    TooLarge {
        /// The frame's kind.
        kind: u16,
        /// The length announced.
        length: usize,
        /// What is allowed.
        limit: usize,
    },
}

/// Reads the next message that this build knows; frames of other kinds are skipped. `None`: the stream ended
/// between two frames.
pub async fn read<R: AsyncRead + Unpin>(
    from: &mut R,
    limit: usize,
) -> Result<Option<Message>, FrameError> {
    loop {
        let mut head = [0; HEADER];
        if from.read(&mut head[..1]).await? == 0 {
            return Ok(None);
        }
        from.read_exact(&mut head[1..]).await?;
        let header = Header::parse(head)?;
        if header.length > limit {
            return Err(FrameError::TooLarge {
                kind: header.kind,
                length: header.length,
                limit,
            });
        }
        // Memory grows with the bytes that really come, not with the number announced.
        let mut body = Vec::with_capacity(header.length.min(64 * 1024));
        let length = u64::try_from(header.length).unwrap_or(u64::MAX);
        let read = (&mut *from).take(length).read_to_end(&mut body).await?;
        if read < header.length {
            return Err(FrameError::Stream(std::io::ErrorKind::UnexpectedEof.into()));
        }
        if let Some(message) = Message::parse(header.kind, &body)? {
            return Ok(Some(message));
        }
    }
}

/// Writes one message.
pub async fn write<W: AsyncWrite + Unpin>(to: &mut W, message: &Message) -> std::io::Result<()> {
    to.write_all(&message.to_frame()).await
}

#[cfg(test)]
mod tests {
    use contract::wire::DirectiveAck;
    use proptest::prelude::*;

    use super::*;

    fn block_on<F: Future>(future: F) -> F::Output {
        tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap()
            .block_on(future)
    }

    #[test]
    fn a_frame_of_the_future_is_skipped() {
        let mut bytes = vec![0xff, 0, 0, 9, 0, 0, 0, 3, 1, 2, 3];
        let message = Message::from(DirectiveAck { through: 4 });
        bytes.extend(message.to_frame());
        let read = block_on(async { read(&mut bytes.as_slice(), 100).await.unwrap() });
        assert_eq!(read, Some(message));
    }

    #[test]
    fn a_frame_over_the_limit_is_refused_before_its_body() {
        let bytes = [0, 8, 0, 1, 0, 0, 1, 0];
        let read = block_on(async { read(&mut bytes.as_slice(), 255).await });
        assert!(matches!(
            read,
            Err(FrameError::TooLarge { length: 256, .. })
        ));
    }

    #[test]
    fn a_frame_cut_short_is_an_error_and_an_end_between_frames_is_not() {
        let frame = Message::from(DirectiveAck { through: 4 }).to_frame();
        for cut in 1..frame.len() {
            assert!(block_on(async { read(&mut &frame[..cut], 100).await }).is_err());
        }
        assert!(matches!(
            block_on(async { read(&mut &frame[..0], 100).await }),
            Ok(None)
        ));
    }

    proptest! {
        #[test]
        fn garbage_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let mut rest = bytes.as_slice();
            block_on(async { while let Ok(Some(_)) = read(&mut rest, 1 << 20).await {} });
        }
    }
}
