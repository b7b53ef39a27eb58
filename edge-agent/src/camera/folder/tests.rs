//! Tests of the folder as a camera.

use vision::Picture;

use super::*;

fn jpeg(shade: u8) -> Vec<u8> {
    Picture::from_rgb(32, 16, vec![shade; 32 * 16 * 3])
        .unwrap()
        .to_jpeg(90)
        .unwrap()
}

/// The picture with an EXIF segment that says that it lies on its side.
fn on_its_side(file: &[u8]) -> Vec<u8> {
    let exif = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0";
    let length = (exif.len() as u16 + 2).to_be_bytes();
    [&file[..2], &[0xff, 0xe1], &length, exif, &file[2..]].concat()
}

fn config(path: &std::path::Path, repeat: bool) -> Config {
    Config {
        path: path.to_owned(),
        pace: Duration::ZERO,
        repeat,
    }
}

/// GR-02
#[test]
fn pictures_come_in_the_order_of_their_names_and_an_unreadable_one_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    std::fs::write(path.join("c.jpg"), jpeg(30)).unwrap();
    std::fs::write(path.join("a.JPEG"), jpeg(10)).unwrap();
    std::fs::write(path.join("b.png"), b"<html>").unwrap();
    std::fs::write(path.join("notes.txt"), b"no picture").unwrap();
    std::fs::create_dir(path.join("d.jpg")).unwrap();
    let mut source = Folder::open(&config(path, false), &Clock::System).unwrap();
    assert_eq!(source.next().unwrap().unwrap().name.unwrap(), "a.JPEG");
    let error = source.next().unwrap_err();
    assert!(matches!(&error, CameraError::Unreadable { name, .. } if name == "b.png"));
    let last = source.next().unwrap().unwrap();
    assert_eq!((last.number, last.name.as_deref()), (2, Some("c.jpg")));
    assert!(source.next().unwrap().is_none());
    assert!(source.next().unwrap().is_none());
}

#[test]
fn a_picture_on_its_side_is_decoded_upright() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.jpg"), on_its_side(&jpeg(80))).unwrap();
    let mut source = Folder::open(&config(folder.path(), false), &Clock::System).unwrap();
    let picture = source.next().unwrap().unwrap().decode().unwrap();
    assert_eq!((picture.width(), picture.height()), (16, 32));
}

#[test]
fn a_folder_starts_again_only_if_it_is_told_to() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.jpg"), jpeg(10)).unwrap();
    let mut source = Folder::open(&config(folder.path(), true), &Clock::System).unwrap();
    for number in 1..4 {
        assert_eq!(source.next().unwrap().unwrap().number, number);
    }
}

#[test]
fn a_folder_without_pictures_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let error = Folder::open(&config(folder.path(), false), &Clock::System)
        .err()
        .unwrap();
    assert!(error.to_string().contains("no JPEG"), "{error}");
    let gone = folder.path().join("gone");
    assert!(Folder::open(&config(&gone, false), &Clock::System).is_err());
}
