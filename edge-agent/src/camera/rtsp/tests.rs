//! Tests of RTSP cameras without a network: settings, packets to pixels, damage and hostile bytes. What a camera's
//! server does is tested in the crate of the system tests.

use openh264::encoder::Encoder;
use openh264::encoder::EncoderConfig;
use openh264::encoder::IntraFramePeriod;
use openh264::encoder::RateControlMode;
use openh264::formats::RgbSliceU8;
use openh264::formats::YUVBuffer;
use proptest::prelude::*;

use super::*;

const NOW: Duration = Duration::from_secs(1000);

fn config(url: &str) -> Config {
    Config {
        url: url.to_owned(),
        user: None,
        password_credential: None,
        transport: Transport::Tcp,
        keyframes_only: false,
        decoder: Choice::Auto,
    }
}

/// Grainy pictures of these greys as NAL units; every third is a key frame.
fn encoded(greys: &[u8], size: usize) -> Vec<Vec<Vec<u8>>> {
    let settings = EncoderConfig::new()
        .skip_frames(false)
        .rate_control_mode(RateControlMode::Off)
        .intra_frame_period(IntraFramePeriod::from_num_frames(3));
    let mut encoder =
        Encoder::with_api_config(openh264::OpenH264API::from_source(), settings).unwrap();
    greys
        .iter()
        .map(|grey| {
            let rgb: Vec<u8> = (0..size * size)
                .flat_map(|at| [grey.saturating_add((at * at % 13) as u8); 3])
                .collect();
            let yuv = YUVBuffer::from_rgb8_source(RgbSliceU8::new(&rgb, (size, size)));
            let bytes = encoder.encode(&yuv).unwrap().to_vec();
            openh264::nal_units(&bytes)
                .map(|nal| {
                    let zeros = nal.iter().take_while(|byte| **byte == 0).count();
                    nal[zeros + 1..].to_vec()
                })
                .collect()
        })
        .collect()
}

fn video(keyframes_only: bool) -> Video {
    let settings = Config {
        keyframes_only,
        ..config("rtsp://cam/1")
    };
    Video::new("rtsp://cam/1".to_owned(), &settings, NOW)
}

/// Hands over one picture, one NAL unit a packet.
fn give(video: &mut Video, nals: &[Vec<u8>], timestamp: i64) -> Result<(), CameraError> {
    for (index, nal) in nals.iter().enumerate() {
        video.packet(Packet {
            payload: nal,
            timestamp,
            mark: index + 1 == nals.len(),
            loss: false,
        })?;
    }
    Ok(())
}

fn mean(pixels: &Pixels) -> f32 {
    let Pixels::Yuv420 { width, height, .. } = pixels else {
        panic!("not of a video");
    };
    let luma = &pixels.bytes()[..(width * height) as usize];
    luma.iter().map(|y| f32::from(*y)).sum::<f32>() / luma.len() as f32
}

#[test]
fn an_address_with_a_password_or_of_another_kind_is_refused_with_what_to_do() {
    let faults = |url: &str| config(url).faults().join("; ");
    assert_eq!(faults("rtsp://cam.local:8554/stream?channel=1"), "");
    assert_eq!(faults("rtsp://[fe80::1]/stream"), "");
    for url in ["rtsp://admin:s3cret@cam/1", "rtsp://admin@cam/1"] {
        let why = faults(url);
        assert!(why.contains("password_credential"), "{why}");
        assert!(!why.contains("s3cret"), "{why}");
    }
    assert!(faults("http://cam/1").contains("rtsp://"));
    assert!(faults("rtsps://cam/1").contains("TLS"));
    assert!(faults("cam/1").contains("url"));
    assert!(faults("rtsp:///1").contains("url"));
    let lonely = Config {
        password_credential: Some("north".to_owned()),
        ..config("rtsp://cam/1")
    };
    assert!(lonely.faults()[0].starts_with("user"));
}

#[test]
fn what_may_carry_a_password_is_not_shown() {
    let shown = |url: &str| Address::parse(url).unwrap().shown;
    assert_eq!(shown("rtsp://cam/a?user=x&password=s3cret"), "rtsp://cam/a");
    assert_eq!(
        shown("rtsp://cam:99/user=x_password=s3cret_1.sdp"),
        "rtsp://cam:99/.."
    );
}

#[test]
fn decoding_in_hardware_is_refused_with_what_to_do() {
    let settings = Config {
        decoder: Choice::V4l2,
        ..config("rtsp://cam/1")
    };
    let why = settings.faults().join("; ");
    assert!(
        why.contains("decoder") && why.contains("keyframes_only"),
        "{why}"
    );
    assert!(Decoder::open(Choice::V4l2).is_err());
}

#[test]
fn the_newest_of_what_waits_is_shown_and_everything_that_it_builds_on_is_decoded() {
    let pictures = encoded(&[30, 60, 90, 120, 150], 64);
    let mut video = video(false);
    for (index, nals) in pictures.iter().enumerate().take(3) {
        give(&mut video, nals, index as i64).unwrap();
    }
    let third = video.decode(&Clock::System).unwrap().unwrap();
    let Pixels::Yuv420 {
        width,
        height,
        is_key,
        ..
    } = &third
    else {
        panic!("not of a video");
    };
    assert_eq!((*width, *height, *is_key), (64, 64, false));
    give(&mut video, &pictures[3], 3).unwrap();
    let fourth = video.decode(&Clock::System).unwrap().unwrap();
    assert!(matches!(fourth, Pixels::Yuv420 { is_key: true, .. }));
    give(&mut video, &pictures[4], 4).unwrap();
    let fifth = video.decode(&Clock::System).unwrap().unwrap();
    assert!(mean(&third) < mean(&fourth) && mean(&fourth) < mean(&fifth));
    assert!(
        video.decode(&Clock::System).unwrap().is_none(),
        "nothing waits"
    );
}

#[test]
fn with_key_frames_only_the_others_are_not_even_kept() {
    let pictures = encoded(&[30, 60, 90, 120, 150], 64);
    let mut video = video(true);
    for (index, nals) in pictures.iter().enumerate() {
        give(&mut video, nals, index as i64).unwrap();
        let shown = video.decode(&Clock::System).unwrap();
        assert_eq!(shown.is_some(), index % 3 == 0, "picture {index}");
    }
}

#[test]
fn a_picture_that_can_not_be_decoded_costs_those_up_to_the_next_key_frame() {
    let pictures = encoded(&[30, 60, 90, 120, 150], 64);
    let mut video = video(false);
    give(&mut video, &pictures[0], 0).unwrap();
    assert!(video.decode(&Clock::System).unwrap().is_some());
    let mut cut = pictures[1].clone();
    let last = cut.last_mut().unwrap();
    last.truncate(4);
    give(&mut video, &cut, 1).unwrap();
    assert!(video.decode(&Clock::System).unwrap().is_none());
    give(&mut video, &pictures[2], 2).unwrap();
    assert!(
        video.decode(&Clock::System).unwrap().is_none(),
        "it builds on the lost one"
    );
    give(&mut video, &pictures[3], 3).unwrap();
    assert!(video.decode(&Clock::System).unwrap().is_some());
}

#[test]
fn a_stream_without_a_key_frame_is_given_up_with_what_to_set() {
    let pictures = encoded(&[30, 60, 90], 64);
    let mut video = video(false);
    for at in 0..100 {
        give(&mut video, &pictures[1 + at as usize % 2], at).unwrap();
    }
    assert!(video.decode(&Clock::System).unwrap().is_none());
    assert!(video.check(NOW + PICTURE_WITHIN / 2).is_ok());
    let why = video.check(NOW + PICTURE_WITHIN).unwrap_err().to_string();
    assert!(
        why.contains("key frame") && why.contains("interval"),
        "{why}"
    );
}

#[test]
fn too_many_faults_without_a_picture_open_the_stream_again() {
    let mut video = video(false);
    let why = (0..1000)
        .find_map(|_| video.take(Item::Fault("wrong ssrc".to_owned())).err())
        .unwrap()
        .to_string();
    assert!(why.contains("wrong ssrc"), "{why}");
}

#[test]
fn a_slow_decoder_skips_to_the_next_key_frame_and_says_so_once() {
    let pictures = encoded(&[30, 60, 90, 120], 64);
    let mut video = video(false);
    give(&mut video, &pictures[0], 0).unwrap();
    for at in 1..60 {
        give(&mut video, &pictures[1], at).unwrap();
    }
    assert!(video.decode(&Clock::System).unwrap().is_none());
    assert!(video.said.is_some());
    give(&mut video, &pictures[3], 60).unwrap();
    assert!(video.decode(&Clock::System).unwrap().is_some());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_damaged_stream_gives_pictures_or_faults_and_never_a_panic(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<u8>()), 0..12),
        cut in prop::option::of((any::<prop::sample::Index>(), any::<prop::sample::Index>())),
    ) {
        let mut nals: Vec<(i64, Vec<u8>)> = encoded(&[30, 60, 90, 120], 32)
            .into_iter()
            .enumerate()
            .flat_map(|(at, nals)| nals.into_iter().map(move |nal| (at as i64, nal)))
            .collect();
        for (which, at, byte) in changes {
            let which = which.index(nals.len());
            let nal = &mut nals[which].1;
            let at = at.index(nal.len());
            nal[at] = byte;
        }
        if let Some((which, length)) = cut {
            let which = which.index(nals.len());
            let nal = &mut nals[which].1;
            let length = length.index(nal.len());
            nal.truncate(length);
        }
        let mut video = video(false);
        for (timestamp, nal) in nals {
            let given = video.packet(Packet { payload: &nal, timestamp, mark: false, loss: false });
            if given.is_err() || video.decode(&Clock::System).is_err() {
                return Ok(());
            }
        }
    }
}
