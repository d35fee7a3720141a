//! What a file's first bytes say about the picture in it: its kind and its size. Pixels aren't looked at.

/// The kinds that every browser shows and every model API takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PictureKind {
    /// PNG.
    Png,
    /// JPEG.
    Jpeg,
    /// GIF.
    Gif,
    /// WebP.
    Webp,
}

/// A picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Picture {
    /// Its kind.
    pub kind: PictureKind,
    /// Pixels a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
}

impl PictureKind {
    /// The media type.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::Gif => "image/gif",
            Self::Webp => "image/webp",
        }
    }
}

impl Picture {
    /// The picture that a file begins with; none for anything else, and for one whose size can't be told.
    pub fn of(data: &[u8]) -> Option<Self> {
        png(data).or_else(|| gif(data)).or_else(|| webp(data)).or_else(|| jpeg(data))
    }
}

/// The header chunk comes first (PNG, 11.2.2).
fn png(data: &[u8]) -> Option<Picture> {
    let header = data.strip_prefix(b"\x89PNG\r\n\x1a\n")?.get(4..16)?.strip_prefix(b"IHDR")?;
    let number = |at| Some(u32::from_be_bytes(header.get(at..at + 4)?.try_into().ok()?));
    Some(Picture { kind: PictureKind::Png, width: number(0)?, height: number(4)? })
}

/// The logical screen (GIF 89a, 18).
fn gif(data: &[u8]) -> Option<Picture> {
    let screen = data.strip_prefix(b"GIF87a").or_else(|| data.strip_prefix(b"GIF89a"))?;
    let number = |at| Some(u32::from(u16::from_le_bytes(screen.get(at..at + 2)?.try_into().ok()?)));
    Some(Picture { kind: PictureKind::Gif, width: number(0)?, height: number(2)? })
}

/// The first chunk of the container says which of three forms it has (RFC 9649).
fn webp(data: &[u8]) -> Option<Picture> {
    let chunk = data.strip_prefix(b"RIFF")?.get(4..)?.strip_prefix(b"WEBP")?;
    let body = chunk.get(8..)?;
    let number = |at: usize, bytes: usize| {
        let bytes = body.get(at..at + bytes)?;
        Some(bytes.iter().rev().fold(0_u32, |number, byte| number << 8 | u32::from(*byte)))
    };
    let (width, height) = match chunk.get(..4)? {
        b"VP8X" => (number(4, 3)? + 1, number(7, 3)? + 1),
        b"VP8L" => ((number(1, 4)? & 0x3fff) + 1, (number(1, 4)? >> 14 & 0x3fff) + 1),
        b"VP8 " => (number(6, 2)? & 0x3fff, number(8, 2)? & 0x3fff),
        _ => return None,
    };
    Some(Picture { kind: PictureKind::Webp, width, height })
}

/// The first frame header among the segments (ITU T.81, B.2.2).
fn jpeg(data: &[u8]) -> Option<Picture> {
    let mut rest = data.strip_prefix(b"\xff\xd8")?;
    loop {
        let (&[0xff, marker], segment) = rest.split_first_chunk()? else { return None };
        // Any number of fill bytes may come before a marker.
        if marker == 0xff {
            rest = &rest[1..];
            continue;
        }
        let length = usize::from(u16::from_be_bytes(segment.get(..2)?.try_into().ok()?));
        let number = |at| Some(u32::from(u16::from_be_bytes(segment.get(at..at + 2)?.try_into().ok()?)));
        match marker {
            // Frame headers; three numbers among theirs are of tables.
            0xc0..=0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf => {
                return Some(Picture { kind: PictureKind::Jpeg, width: number(5)?, height: number(3)? });
            }
            _ => {}
        }
        rest = segment.get(length.max(2)..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size(data: &[u8]) -> Option<(PictureKind, u32, u32)> {
        Picture::of(data).map(|Picture { kind, width, height }| (kind, width, height))
    }

    #[test]
    fn each_kind_says_its_size() {
        let png = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\x01\x02\0\0\0\x03\x08\x06";
        assert_eq!(size(png), Some((PictureKind::Png, 258, 3)));
        assert_eq!(size(b"GIF89a\x02\x01\x03\0\xf0"), Some((PictureKind::Gif, 258, 3)));
        let jpeg = b"\xff\xd8\xff\xe0\0\x04JF\xff\xff\xc4\0\x02\xff\xc2\0\x11\x08\0\x03\x01\x02\x03";
        assert_eq!(size(jpeg), Some((PictureKind::Jpeg, 258, 3)));
        let lossy = b"RIFF\0\0\0\0WEBPVP8 \0\0\0\0\x30\x01\0\x9d\x01\x2a\x02\x01\x03\0";
        assert_eq!(size(lossy), Some((PictureKind::Webp, 258, 3)));
        let lossless = b"RIFF\0\0\0\0WEBPVP8L\0\0\0\0\x2f\x01\x81\x00\x00";
        assert_eq!(size(lossless), Some((PictureKind::Webp, 258, 3)));
        let extended = b"RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0\x01\x01\0\x02\0\0";
        assert_eq!(size(extended), Some((PictureKind::Webp, 258, 3)));
    }

    #[test]
    fn what_is_cut_off_or_no_picture_is_none() {
        for data in [
            b"".as_slice(),
            b"<svg xmlns='http://www.w3.org/2000/svg'/>",
            b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0",
            b"GIF89a\x01",
            b"\xff\xd8\xff\xe0\0\x04",
            b"\xff\xd8\xff\xff",
            b"\xff\xd8\xff\xe0\0\0\xff\xe0\0\0",
            b"RIFF\0\0\0\0WAVEfmt ",
        ] {
            assert_eq!(Picture::of(data), None, "{data:?}");
        }
    }
}
