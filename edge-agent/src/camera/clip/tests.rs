//! Tests of clips: files that the test writes, whole and damaged.

use proptest::prelude::*;
use vision::Picture;

use super::*;

fn jpeg(shade: u8) -> Vec<u8> {
    Picture::from_rgb(16, 16, vec![shade; 16 * 16 * 3])
        .unwrap()
        .to_jpeg(90)
        .unwrap()
}

fn chunk(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let mut chunk = kind.to_vec();
    chunk.extend_from_slice(&(body.len() as u32).to_le_bytes());
    chunk.extend_from_slice(body);
    if body.len() % 2 == 1 {
        chunk.push(0);
    }
    chunk
}

/// An AVI file with a header, an audio chunk between frames, one dropped frame and an index.
fn avi(codec: &[u8; 4], frames: &[Vec<u8>]) -> Vec<u8> {
    let stream = [b"vids".as_slice(), codec, &[0; 48]].concat();
    let stream = [b"strl".to_vec(), chunk(b"strh", &stream)].concat();
    let header = [
        b"hdrl".to_vec(),
        chunk(b"avih", &[0; 56]),
        chunk(b"LIST", &stream),
    ]
    .concat();
    let mut movie = b"movi".to_vec();
    for (index, frame) in frames.iter().enumerate() {
        if index == 1 {
            movie.extend(chunk(b"01wb", &[1, 2, 3]));
            movie.extend(chunk(b"00dc", &[]));
        }
        movie.extend(chunk(b"00dc", frame));
    }
    let body = [
        b"AVI ".to_vec(),
        chunk(b"LIST", &header),
        chunk(b"JUNK", &[0; 7]),
        chunk(b"LIST", &movie),
        chunk(b"idx1", &[0; 32]),
    ]
    .concat();
    chunk(b"RIFF", &body)
}

fn multipart_file(frames: &[Vec<u8>]) -> Vec<u8> {
    let mut file = Vec::new();
    for frame in frames {
        file.extend_from_slice(b"--frame\r\nContent-Type: image/jpeg\r\n\r\n");
        file.extend_from_slice(frame);
        file.extend_from_slice(b"\r\n");
    }
    file.extend_from_slice(b"--frame--\r\n");
    file
}

fn opened(file: &[u8], repeat: bool) -> Result<(Clip, tempfile::TempDir), CameraError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("clip");
    std::fs::write(&path, file).unwrap();
    let config = Config {
        path,
        pace: Duration::ZERO,
        repeat,
    };
    Ok((Clip::open(&config, &Clock::System)?, folder))
}

/// The frames until the end, and the faults named on the way.
fn played(file: &[u8]) -> (Vec<Bytes>, Vec<String>) {
    let (mut clip, _folder) = opened(file, false).unwrap();
    let (mut frames, mut faults) = (Vec::new(), Vec::new());
    for _ in 0..1000 {
        match clip.next() {
            Ok(Some(frame)) => frames.push(frame.pixels.bytes().clone()),
            Ok(None) => return (frames, faults),
            Err(error) => faults.push(error.to_string()),
        }
    }
    panic!("the clip does not end");
}

/// GR-02
#[test]
fn the_frames_of_an_avi_and_of_a_multipart_file_come_whole_and_in_order() {
    let frames: Vec<Vec<u8>> = [10, 90, 200].map(jpeg).to_vec();
    for file in [
        avi(b"MJPG", &frames),
        avi(&[0; 4], &frames),
        multipart_file(&frames),
    ] {
        let (played, faults) = played(&file);
        assert_eq!(played, frames);
        assert!(faults.is_empty(), "{faults:?}");
    }
}

#[test]
fn a_clip_starts_again_only_if_it_is_told_to() {
    let frames: Vec<Vec<u8>> = [10, 90].map(jpeg).to_vec();
    for file in [avi(b"mjpg", &frames), multipart_file(&frames)] {
        let (mut clip, _folder) = opened(&file, true).unwrap();
        for number in 1..6 {
            assert_eq!(clip.next().unwrap().unwrap().number, number);
        }
    }
    // A clip without a single frame is over, repeated or not.
    let (mut clip, _folder) = opened(&avi(b"MJPG", &[]), true).unwrap();
    assert!(clip.next().unwrap().is_none());
}

#[test]
fn a_clip_that_is_cut_off_gives_its_whole_frames_and_says_so_once() {
    let frames: Vec<Vec<u8>> = [10, 90, 200].map(jpeg).to_vec();
    let file = avi(b"MJPG", &frames);
    let (frames_played, faults) = played(&file[..file.len() - 200]);
    assert_eq!(frames_played, frames[..2]);
    assert_eq!(faults.len(), 1);
    assert!(faults[0].contains("cut off"), "{faults:?}");
}

#[test]
fn another_codec_and_another_kind_of_file_are_named() {
    let (_, faults) = played(&avi(b"H264", &[vec![0, 0, 1]]));
    assert!(faults[0].contains("H264"), "{faults:?}");
    let error = opened(b"\x1aE\xdf\xa3 a matroska file", false)
        .err()
        .unwrap();
    assert!(error.to_string().contains("neither an AVI"), "{error}");
    assert!(opened(b"", false).is_err());
}

#[test]
fn a_chunk_that_claims_gigabytes_takes_no_memory() {
    let mut file = avi(b"MJPG", &[jpeg(1)]);
    let at = file.windows(4).position(|four| four == b"00dc").unwrap();
    file[at + 4..at + 8].copy_from_slice(&u32::MAX.to_le_bytes());
    let (frames, faults) = played(&file);
    assert!(frames.is_empty());
    assert!(faults[0].contains("4294967295"), "{faults:?}");
}

proptest! {
    #[test]
    fn a_damaged_clip_ends_without_a_panic(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        is_avi in any::<bool>(),
        cut in any::<prop::sample::Index>(),
    ) {
        let frames = [vec![0xff, 0xd8, 1, 2, 3], vec![0xff, 0xd8, 9]];
        let mut file = if is_avi { avi(b"MJPG", &frames) } else { multipart_file(&frames) };
        for (at, byte) in changes {
            let at = at.index(file.len());
            file[at] = byte;
        }
        file.truncate(cut.index(file.len()).max(12));
        if let Ok((mut clip, _folder)) = opened(&file, false) {
            for _ in 0..50 {
                if let Ok(None) = clip.next() {
                    return Ok(());
                }
            }
            prop_assert!(false, "the clip does not end");
        }
    }
}
