//! Tests of pictures: hostile files, turned files, raw pixels.

use proptest::prelude::*;

use super::*;

/// A picture whose pixels all differ, so that nothing can be cut off or turned unseen.
fn colourful(width: u32, height: u32) -> Picture {
    let mut rgb = Vec::new();
    for y in 0..height {
        for x in 0..width {
            rgb.extend_from_slice(&[
                (x * 7 % 251) as u8,
                (y * 11 % 251) as u8,
                ((x ^ y) * 3 % 251) as u8,
            ]);
        }
    }
    Picture::from_rgb(width, height, rgb).unwrap()
}

fn encoded(picture: &Picture, format: ImageFormat) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    image::write_buffer_with_format(
        &mut file,
        picture.rgb(),
        picture.width(),
        picture.height(),
        ExtendedColorType::Rgb8,
        format,
    )
    .unwrap();
    file.into_inner()
}

/// A JPEG file with an EXIF segment that says how it lies.
fn jpeg_lying(picture: &Picture, orientation: u8) -> Vec<u8> {
    let file = picture.to_jpeg(95).unwrap();
    #[rustfmt::skip]
    let exif = [
        b"Exif\0\0II*\0\x08\0\0\0\x01\0".as_slice(),
        &[0x12, 0x01, 3, 0, 1, 0, 0, 0, orientation, 0, 0, 0],
        &[0, 0, 0, 0],
    ]
    .concat();
    let length = (exif.len() as u16 + 2).to_be_bytes();
    [&file[..2], &[0xff, 0xe1], &length, &exif, &file[2..]].concat()
}

#[test]
fn a_jpeg_comes_back_with_its_size_and_nearly_its_colours() {
    let mut rgb = vec![20; 64 * 48 * 3];
    rgb[..64 * 24 * 3].fill(200);
    let picture = Picture::from_rgb(64, 48, rgb).unwrap();
    let again = Picture::decode(&picture.to_jpeg(95).unwrap()).unwrap();
    assert_eq!((again.width(), again.height()), (64, 48));
    assert!(again.grey().pixels()[64 * 4].abs_diff(200) < 5);
    assert!(again.grey().pixels()[64 * 40].abs_diff(20) < 5);
}

#[test]
fn a_png_and_a_bmp_come_back_as_they_were() {
    let picture = colourful(33, 17);
    for format in [ImageFormat::Png, ImageFormat::Bmp] {
        let again = Picture::decode(&encoded(&picture, format)).unwrap();
        assert_eq!(again.rgb(), picture.rgb(), "{format:?}");
    }
}

#[test]
fn a_jpeg_that_is_cut_off_anywhere_is_an_error_and_never_half_a_picture() {
    let file = colourful(120, 90).to_jpeg(80).unwrap();
    for length in 0..file.len() {
        let error = Picture::decode(&file[..length]).expect_err("cut off");
        if length > 2 {
            assert_eq!(
                error,
                PictureError::Truncated {
                    kind: "JPEG",
                    bytes: length
                }
            );
        }
    }
    assert!(Picture::decode(&file).is_ok());
}

#[test]
fn a_jpeg_whose_middle_is_missing_or_garbled_is_no_panic() {
    let file = colourful(120, 90).to_jpeg(80).unwrap();
    for at in (20..file.len() - 2).step_by(7) {
        let mut garbled = file.clone();
        garbled[at] ^= 0xff;
        let _ = Picture::decode(&garbled);
        let _ = Picture::decode(&[&file[..at], &file[file.len() - 2..]].concat());
    }
}

#[test]
fn a_png_and_a_bmp_that_are_cut_off_are_errors() {
    let picture = colourful(60, 45);
    for (format, kind) in [(ImageFormat::Png, "PNG"), (ImageFormat::Bmp, "BMP")] {
        let file = encoded(&picture, format);
        for length in (8..file.len() - 24).step_by(5) {
            let error = Picture::decode(&file[..length]).expect_err(kind);
            assert!(
                matches!(
                    error,
                    PictureError::Truncated { .. } | PictureError::Damaged { .. }
                ),
                "{kind} {length}: {error}"
            );
        }
    }
}

#[test]
fn a_file_that_claims_a_giant_picture_is_refused_before_memory_is_taken() {
    let mut png = encoded(&colourful(8, 8), ImageFormat::Png);
    png[16..20].copy_from_slice(&60_000u32.to_be_bytes());
    png[20..24].copy_from_slice(&60_000u32.to_be_bytes());
    let checksum = crc_of(&png[12..29]);
    png[29..33].copy_from_slice(&checksum.to_be_bytes());
    assert_eq!(
        Picture::decode(&png).unwrap_err(),
        PictureError::TooManyPixels {
            width: 60_000,
            height: 60_000
        }
    );
    let mut bmp = encoded(&colourful(8, 8), ImageFormat::Bmp);
    bmp[18..22].copy_from_slice(&60_000u32.to_le_bytes());
    bmp[22..26].copy_from_slice(&60_000u32.to_le_bytes());
    assert!(Picture::decode(&bmp).is_err());
    let mut jpeg = colourful(8, 8).to_jpeg(80).unwrap();
    let frame = jpeg.windows(2).position(|two| two == [0xff, 0xc0]).unwrap();
    jpeg[frame + 5..frame + 9].copy_from_slice(&[0xff, 0xff, 0xff, 0xff]);
    assert!(matches!(
        Picture::decode(&jpeg).unwrap_err(),
        PictureError::TooManyPixels { .. }
    ));
    jpeg[frame + 5..frame + 9].copy_from_slice(&[0, 0, 0, 8]);
    assert!(matches!(
        Picture::decode(&jpeg).unwrap_err(),
        PictureError::NoPixels { .. }
    ));
}

#[test]
fn what_is_no_picture_says_so() {
    assert_eq!(Picture::decode(b"").unwrap_err(), PictureError::Empty);
    assert_eq!(
        Picture::decode(b"<html>login</html>").unwrap_err(),
        PictureError::UnknownKind
    );
    assert_eq!(
        Picture::decode(&vec![0xff; LONGEST_FILE + 1]).unwrap_err(),
        PictureError::TooManyBytes {
            bytes: LONGEST_FILE + 1
        }
    );
}

#[test]
fn a_picture_is_turned_upright_as_its_exif_data_says() {
    // Red in the top left corner, green in the top right, dark below.
    let mut rgb = vec![0; 32 * 16 * 3];
    for y in 0..8 {
        for x in 0..32 {
            let at = (y * 32 + x) * 3;
            rgb[at + usize::from(x >= 16)] = 255;
        }
    }
    let picture = Picture::from_rgb(32, 16, rgb).unwrap();
    let is = |picture: &Picture, x: u32, y: u32| {
        let at = ((y * picture.width() + x) * 3) as usize;
        match picture.rgb()[at..at + 2] {
            [200..=255, _] => 'r',
            [_, 200..=255] => 'g',
            _ => '.',
        }
    };
    let wanted = [
        (1, "rg.."),
        (2, "gr.."),
        (3, "..gr"),
        (4, "..rg"),
        (5, "r.g."),
        (6, ".r.g"),
        (7, ".g.r"),
        (8, "g.r."),
        (9, "rg.."),
    ];
    for (orientation, wanted) in wanted {
        let turned = Picture::decode(&jpeg_lying(&picture, orientation)).unwrap();
        let (width, height) = (turned.width(), turned.height());
        assert_eq!(width > height, !(5..=8).contains(&orientation));
        let corners: String = [
            (2, 2),
            (width - 3, 2),
            (2, height - 3),
            (width - 3, height - 3),
        ]
        .map(|(x, y)| is(&turned, x, y))
        .iter()
        .collect();
        assert_eq!(corners, wanted, "orientation {orientation}");
    }
}

#[test]
fn yuyv_becomes_the_colours_that_it_stands_for() {
    // White, black, then pure red twice, in a row with two bytes of padding.
    let row = [235, 128, 16, 128, 81, 90, 81, 240, 9, 9];
    let picture = Picture::from_yuyv(4, 2, 10, &row.repeat(2)).unwrap();
    let near = |found: &[u8], wanted: [u8; 3]| {
        found
            .iter()
            .zip(wanted)
            .all(|(found, wanted)| found.abs_diff(wanted) <= 2)
    };
    assert!(near(&picture.rgb()[0..3], [255, 255, 255]));
    assert!(near(&picture.rgb()[3..6], [0, 0, 0]));
    assert!(near(&picture.rgb()[6..9], [255, 0, 0]));
    assert!(near(&picture.rgb()[21..24], [255, 0, 0]));
    assert!(matches!(
        Picture::from_yuyv(4, 3, 10, &row.repeat(2)),
        Err(PictureError::PixelCount { format: "YUYV", .. })
    ));
    assert!(Picture::from_yuyv(0, 3, 10, &row).is_err());
    assert!(Picture::from_yuyv(u32::MAX, u32::MAX, 0, &row).is_err());
}

#[test]
fn rgb_that_does_not_fill_its_size_is_refused() {
    assert!(Picture::from_rgb(3, 3, vec![0; 26]).is_err());
    assert!(Picture::from_rgb(0, 0, Vec::new()).is_err());
}

proptest! {
    #[test]
    fn any_bytes_are_a_picture_or_an_error(start in 0usize..4, bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let head: &[u8] = [b"".as_slice(), b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"BM"][start];
        let _ = Picture::decode(&[head, &bytes].concat());
    }

    #[test]
    fn a_damaged_file_of_any_kind_is_a_picture_or_an_error(
        kind in 0usize..3,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let picture = colourful(24, 16);
        let mut file = match kind {
            0 => jpeg_lying(&picture, 6),
            1 => encoded(&picture, ImageFormat::Png),
            _ => encoded(&picture, ImageFormat::Bmp),
        };
        for (at, byte) in changes {
            let at = at.index(file.len());
            file[at] = byte;
        }
        if let Ok(picture) = Picture::decode(&file) {
            prop_assert_eq!(picture.rgb().len() as u64, u64::from(picture.width()) * u64::from(picture.height()) * 3);
        }
    }
}

/// The checksum of a PNG chunk.
fn crc_of(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 {
                crc >> 1 ^ 0xedb8_8320
            } else {
                crc >> 1
            };
        }
    }
    !crc
}

#[test]
fn a_large_picture_shrinks_to_the_mean_of_its_squares_and_a_small_one_stays() {
    let rgb: Vec<u8> = (0..5 * 4)
        .flat_map(|place| {
            if place % 5 < 2 {
                [200, 0, 10]
            } else {
                [100, 40, 10]
            }
        })
        .collect();
    let picture = Picture::from_rgb(5, 4, rgb).unwrap();
    let small = picture.clone().within(3);
    assert_eq!((small.width(), small.height()), (2, 2));
    assert_eq!(&small.rgb()[..6], &[200, 0, 10, 100, 40, 10]);
    assert_eq!(picture.clone().within(5).rgb(), picture.rgb());
    let line = Picture::from_rgb(9, 1, vec![7; 27]).unwrap().within(4);
    assert_eq!((line.width(), line.height(), line.rgb()[0]), (3, 1, 7));
}
