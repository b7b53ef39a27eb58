//! One RTSP session by retina: describe, set up, play, packets. The only home of that library.
//!
//! Its errors become ours here, with words for what a person can do, and without the address's query: some cameras want
//! the password there.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::StreamExt;
use retina::client::PacketItem;
use retina::client::PlayOptions;
use retina::client::Playing;
use retina::client::SessionGroup;
use retina::client::SessionOptions;
use retina::client::SetupOptions;
use retina::client::TcpTransportOptions;
use retina::client::UdpTransportOptions;
use retina::codec::ParametersRef;
use retina::codec::VideoParametersCodec;
use retina::rtp::ReceivedPacket;

use crate::camera::CameraError;
use crate::camera::credentials::Password;
use crate::camera::rtsp::Address;
use crate::camera::rtsp::Transport;

/// What is sent as User-Agent.
const AGENT: &str = concat!("gatewarden/", env!("CARGO_PKG_VERSION"));
/// The longest text of the library's that is passed on.
const LONGEST_TEXT: usize = 200;

/// Who asks.
pub(super) struct Login {
    pub(super) user: Option<String>,
    pub(super) password: Option<Password>,
}

/// A stream that plays.
pub(super) struct Session {
    inner: retina::client::Session<Playing>,
    group: Arc<SessionGroup>,
    /// Parameter sets of the description, if they can be read.
    sets: Vec<Vec<u8>>,
}

/// What came.
pub(super) enum Item {
    /// A packet of the video.
    Packet(ReceivedPacket),
    /// Something else that is of no interest.
    Other,
    /// Bytes that belong to no stream; says what is wrong.
    Fault(String),
}

impl Session {
    /// Asks for the stream and starts it.
    pub(super) async fn open(
        address: &Address,
        login: &Login,
        transport: Transport,
    ) -> Result<Self, CameraError> {
        let fault = |error: &retina::Error| refusal(address, login.user.is_some(), error);
        let group = Arc::new(SessionGroup::default());
        let credentials = login.user.as_ref().map(|user| retina::client::Credentials {
            username: user.clone(),
            password: login
                .password
                .as_ref()
                .map_or("", Password::reveal)
                .to_owned(),
        });
        let options = SessionOptions::default()
            .creds(credentials)
            .user_agent(AGENT.to_owned())
            .session_group(Arc::clone(&group))
            .session_id(retina::client::SessionIdPolicy::UseFirst);
        let mut session = retina::client::Session::describe(address.url.clone(), options)
            .await
            .map_err(|error| fault(&error))?;
        let offered: Vec<(&str, &str)> = session
            .streams()
            .iter()
            .map(|stream| (stream.media(), stream.encoding_name()))
            .collect();
        let video = choose(&offered).map_err(|why| CameraError::Open {
            what: address.shown.clone(),
            why,
        })?;
        let sets = sets_of(&session.streams()[video]);
        let transport = match transport {
            Transport::Tcp => retina::client::Transport::Tcp(TcpTransportOptions::default()),
            Transport::Udp => retina::client::Transport::Udp(UdpTransportOptions::default()),
        };
        session
            .setup(video, SetupOptions::default().transport(transport))
            .await
            .map_err(|error| fault(&error))?;
        // Where numbering and time begin is seen in the packets; what cameras say about it is often wrong.
        let play = PlayOptions::default()
            .initial_timestamp(retina::client::InitialTimestampPolicy::Ignore)
            .initial_seq(retina::client::InitialSequenceNumberPolicy::Ignore);
        let inner = session.play(play).await.map_err(|error| fault(&error))?;
        Ok(Self { inner, group, sets })
    }

    /// The parameter sets of the description; often the camera sends them again before each key frame.
    pub(super) fn sets(&self) -> &[Vec<u8>] {
        &self.sets
    }

    /// What comes next; none at the end of the stream.
    pub(super) async fn next(&mut self) -> Option<Item> {
        self.inner.next().await.map(item)
    }

    /// What has come already, without waiting.
    pub(super) fn next_at_hand(&mut self) -> Option<Item> {
        self.inner.next().now_or_never().flatten().map(item)
    }

    /// Tells the camera that nobody looks any more, so that it has room for the next session. Must run inside the
    /// runtime, which lives on until this is done.
    pub(super) async fn end(self, within: Duration) {
        drop(self.inner);
        let _ = tokio::time::timeout(within, self.group.await_teardown()).await;
    }
}

fn item(item: Result<PacketItem, retina::Error>) -> Item {
    match item {
        Ok(PacketItem::Rtp(packet)) => Item::Packet(packet),
        Ok(_) => Item::Other,
        Err(error) => Item::Fault(text(&error)),
    }
}

/// Which of the offered streams, as (medium, codec), is played.
fn choose(offered: &[(&str, &str)]) -> Result<usize, String> {
    let videos = || offered.iter().filter(|(media, _)| *media == "video");
    if let Some(found) = offered.iter().position(|offer| *offer == ("video", "h264")) {
        return Ok(found);
    }
    let codecs: Vec<&str> = videos().map(|(_, codec)| *codec).collect();
    let Some(first) = codecs.first() else {
        return Err("it offers no video".to_owned());
    };
    let codec = match *first {
        "h265" => "H.265",
        "jpeg" => "JPEG",
        other => other,
    };
    let codec: String = codec.chars().filter(|c| !c.is_control()).take(20).collect();
    Err(format!(
        "it sends {codec}, and only H.264 is read: set this stream's encoding to H.264 in the camera (and \"smart\" or \"+\" codecs off), or take another of its streams"
    ))
}

/// The parameter sets that the library could read in the description.
fn sets_of(stream: &retina::client::Stream) -> Vec<Vec<u8>> {
    let Some(ParametersRef::Video(video)) = stream.parameters() else {
        return Vec::new();
    };
    let VideoParametersCodec::H264 { sps, pps } = video.codec_params() else {
        return Vec::new();
    };
    vec![sps.to_vec(), pps.to_vec()]
}

/// An error of the library's in one line.
fn text(error: &retina::Error) -> String {
    let text = error.to_string();
    let line = text.lines().next().unwrap_or_default();
    line.chars()
        .filter(|c| !c.is_control())
        .take(LONGEST_TEXT)
        .collect()
}

fn refusal(address: &Address, has_user: bool, error: &retina::Error) -> CameraError {
    match error.status_code() {
        Some(status) => of_status(address, has_user, status),
        None => CameraError::Open {
            what: address.shown.clone(),
            why: text(error),
        },
    }
}

/// What an answer's status means to a person.
fn of_status(address: &Address, has_user: bool, status: u16) -> CameraError {
    let what = address.shown.clone();
    let why = match status {
        401 if has_user => "it does not take this user and password".to_owned(),
        401 => "it wants a user and a password, and none are configured".to_owned(),
        403 => "this user may not see this stream (403)".to_owned(),
        404 => "it has no such stream (404): check the path in the camera's manual".to_owned(),
        400 | 405 | 451 | 454..=459 => {
            format!("it does not understand the request ({status}): check the path, or its firmware")
        }
        453 => "it has no room for another viewer (453): close other viewers, or take its second stream".to_owned(),
        461 => "it refuses this transport (461): set transport to the other of \"tcp\" and \"udp\"".to_owned(),
        300..=399 => format!("it answers {status}: give the address that it leads to"),
        503 => "it is busy or starting (503)".to_owned(),
        200..=299 => "its description of the stream can't be read".to_owned(),
        _ => format!("it answers {status}"),
    };
    if matches!(status, 401 | 403) {
        CameraError::Refused { what, why }
    } else {
        CameraError::Open { what, why }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(has_user: bool, status: u16) -> String {
        let address = Address::parse("rtsp://cam/stream").unwrap();
        of_status(&address, has_user, status).to_string()
    }

    #[test]
    fn h264_is_chosen_among_the_streams_and_another_codec_is_named_with_what_to_do() {
        let offered = [("audio", "pcmu"), ("video", "h265"), ("video", "h264")];
        assert_eq!(choose(&offered), Ok(2));
        let why = choose(&offered[..2]).unwrap_err();
        assert!(why.contains("H.265") && why.contains("to H.264"), "{why}");
        let why = choose(&[("video", "jpeg")]).unwrap_err();
        assert!(why.contains("JPEG"), "{why}");
        let why = choose(&[("video", "bad\ncodec-with-a-very-long-name")]).unwrap_err();
        assert!(why.contains("badcodec") && !why.contains('\n'), "{why}");
        assert!(
            choose(&[("audio", "aac")])
                .unwrap_err()
                .contains("no video")
        );
        assert!(choose(&[]).is_err());
    }

    #[test]
    fn each_refusal_is_named_with_what_to_do() {
        assert!(said(true, 401).contains("does not take"));
        assert!(said(false, 401).contains("none are configured"));
        assert!(said(true, 404).contains("no such stream"));
        assert!(said(true, 453).contains("no room"));
        assert!(said(true, 461).contains("transport"));
        assert!(said(true, 302).contains("leads to"));
        assert!(said(true, 599).contains("599"));
        assert!(said(true, 401).starts_with("logging in at rtsp://cam/stream"));
    }
}
