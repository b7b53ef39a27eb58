//! One connection to a broker: MQTT 3.1.1 with rumqttc's packets over a stream of the way out.
//!
//! rumqttc's own event loop dials and does TLS by itself; here the connection must come from `outbound`, and a message
//! counts only when the broker has acknowledged it. So its packets are used, and the few steps between stand here.

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::BytesMut;
use rumqttc::Connect;
use rumqttc::ConnectReturnCode;
use rumqttc::Packet;
use rumqttc::Publish;
use rumqttc::QoS;
use rumqttc::Subscribe;
use rumqttc::mqttbytes;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use super::home::Message;
use crate::outbound::OutboundError;

/// How long the broker has for an answer.
const PATIENCE: Duration = Duration::from_secs(15);
/// Messages that may wait for their acknowledgement at once.
const IN_FLIGHT: usize = 20;
/// The largest packet either way.
const LARGEST_BYTES: usize = 256 * 1024;

/// Why a session ended. The sentences are for whoever set the broker up.
#[derive(Debug, thiserror::Error)]
pub(super) enum SessionError {
    /// The broker was not reached.
    #[error(transparent)]
    Way(#[from] OutboundError),
    /// It does not let the hub in.
    #[error("the broker refuses the log-in: {0:?}")]
    Refused(ConnectReturnCode),
    /// It was silent for too long.
    #[error("the broker did not answer in time")]
    Silent,
    /// It closed the connection.
    #[error("the broker closed the connection")]
    Closed,
    /// The connection broke.
    #[error("the connection broke: {0}")]
    Io(std::io::ErrorKind),
    /// It says what is not MQTT.
    #[error("the broker does not speak MQTT 3.1.1: {0}")]
    Protocol(mqttbytes::Error),
}

/// The stream below.
pub(super) enum Wire {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Wire {
    async fn read(&mut self, buffer: &mut BytesMut) -> std::io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.read_buf(buffer).await,
            Self::Tls(stream) => stream.read_buf(buffer).await,
        }
    }

    async fn write(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        match self {
            Self::Plain(stream) => stream.write_all(bytes).await,
            Self::Tls(stream) => {
                stream.write_all(bytes).await?;
                stream.flush().await
            }
        }
    }
}

/// A session with a broker.
pub(super) struct Session {
    wire: Wire,
    buffer: BytesMut,
    last_id: u16,
    /// Messages that came on topics that were subscribed to.
    came: Vec<Publish>,
}

impl Session {
    /// Introduces itself and waits until it is let in.
    pub(super) async fn begin(wire: Wire, connect: Connect) -> Result<Self, SessionError> {
        let mut session = Self {
            wire,
            buffer: BytesMut::new(),
            last_id: 0,
            came: Vec::new(),
        };
        session.send(&[Packet::Connect(connect)]).await?;
        let Packet::ConnAck(answer) = session.receive(PATIENCE).await? else {
            return Err(SessionError::Protocol(
                mqttbytes::Error::IncorrectPacketFormat,
            ));
        };
        if answer.code == ConnectReturnCode::Success {
            Ok(session)
        } else {
            Err(SessionError::Refused(answer.code))
        }
    }

    /// Publishes in order and comes back when the broker has acknowledged each.
    pub(super) async fn publish(&mut self, messages: &[Message]) -> Result<(), SessionError> {
        for some in messages.chunks(IN_FLIGHT) {
            let mut waiting = BTreeSet::new();
            let mut packets = Vec::with_capacity(some.len());
            for message in some {
                let mut publish =
                    Publish::new(&message.topic, QoS::AtLeastOnce, message.payload.as_str());
                publish.retain = message.is_retained;
                publish.pkid = self.next_id();
                waiting.insert(publish.pkid);
                packets.push(Packet::Publish(publish));
            }
            self.send(&packets).await?;
            while !waiting.is_empty() {
                let packet = self.receive(PATIENCE).await?;
                if let Packet::PubAck(ack) = packet {
                    waiting.remove(&ack.pkid);
                } else {
                    self.heed(packet);
                }
            }
        }
        Ok(())
    }

    /// Asks for a topic and waits until the broker has said yes.
    /// What comes is sent at most once, so that hearing it needs no answer and may be broken off at any time.
    pub(super) async fn subscribe(&mut self, topic: &str) -> Result<(), SessionError> {
        let mut subscribe = Subscribe::new(topic, QoS::AtMostOnce);
        subscribe.pkid = self.next_id();
        self.send(&[Packet::Subscribe(subscribe)]).await?;
        loop {
            let packet = self.receive(PATIENCE).await?;
            if matches!(packet, Packet::SubAck(_)) {
                return Ok(());
            }
            self.heed(packet);
        }
    }

    /// Shows that the hub lives, and that the broker does.
    pub(super) async fn ping(&mut self) -> Result<(), SessionError> {
        self.send(&[Packet::PingReq]).await?;
        loop {
            let packet = self.receive(PATIENCE).await?;
            if matches!(packet, Packet::PingResp) {
                return Ok(());
            }
            self.heed(packet);
        }
    }

    /// Waits for what comes by itself. May be dropped at any time without losing anything.
    pub(super) async fn listen(&mut self) -> Result<(), SessionError> {
        let packet = self.receive(Duration::MAX).await?;
        self.heed(packet);
        Ok(())
    }

    /// What came since the last call.
    pub(super) fn take(&mut self) -> Vec<Publish> {
        std::mem::take(&mut self.came)
    }

    /// Says goodbye, so that the last will stays unsaid.
    pub(super) async fn end(mut self) {
        // Whoever does not hear it finds out by itself.
        let _ = self.send(&[Packet::Disconnect]).await;
    }

    fn heed(&mut self, packet: Packet) {
        if let Packet::Publish(publish) = packet {
            self.came.push(publish);
        }
    }

    async fn send(&mut self, packets: &[Packet]) -> Result<(), SessionError> {
        let mut bytes = BytesMut::new();
        for packet in packets {
            packet
                .write(&mut bytes, LARGEST_BYTES)
                .map_err(SessionError::Protocol)?;
        }
        tokio::time::timeout(PATIENCE, self.wire.write(&bytes))
            .await
            .map_err(|_| SessionError::Silent)?
            .map_err(|error| SessionError::Io(error.kind()))
    }

    async fn receive(&mut self, within: Duration) -> Result<Packet, SessionError> {
        loop {
            match Packet::read(&mut self.buffer, LARGEST_BYTES) {
                Ok(packet) => return Ok(packet),
                Err(mqttbytes::Error::InsufficientBytes(_)) => {}
                Err(error) => return Err(SessionError::Protocol(error)),
            }
            let read = tokio::time::timeout(within, self.wire.read(&mut self.buffer))
                .await
                .map_err(|_| SessionError::Silent)?
                .map_err(|error| SessionError::Io(error.kind()))?;
            if read == 0 {
                return Err(SessionError::Closed);
            }
        }
    }

    fn next_id(&mut self) -> u16 {
        self.last_id = self.last_id.checked_add(1).unwrap_or(1);
        self.last_id
    }
}
