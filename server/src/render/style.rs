//! How a character looks, and the escape sequence that selects it (SGR, ECMA-48 8.3.117).

use vte::Params;

use super::palette;

/// The look of a character: attributes and colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Style {
    attributes: u8,
    /// The text's colour in the palette of 256; none for the surrounding page's.
    pub(super) foreground: Option<u8>,
    /// The colour behind the text, likewise.
    pub(super) background: Option<u8>,
}

/// An attribute and the class that shows it.
pub(super) struct Attribute {
    bit: u8,
    /// Its class.
    pub(super) class: &'static str,
}

const BOLD: Attribute = Attribute { bit: 1, class: "ansi-bold" };
const DIM: Attribute = Attribute { bit: 1 << 1, class: "ansi-dim" };
const ITALIC: Attribute = Attribute { bit: 1 << 2, class: "ansi-italic" };
const UNDERLINE: Attribute = Attribute { bit: 1 << 3, class: "ansi-underline" };
const STRIKE: Attribute = Attribute { bit: 1 << 4, class: "ansi-strike" };
const INVERSE: Attribute = Attribute { bit: 1 << 5, class: "ansi-inverse" };

const ATTRIBUTES: [Attribute; 6] = [BOLD, DIM, ITALIC, UNDERLINE, STRIKE, INVERSE];

// === impl Style ===

impl Style {
    /// No attribute and no colour.
    pub(super) const PLAIN: Self = Self { attributes: 0, foreground: None, background: None };

    /// The attributes that are set.
    pub(super) fn attributes(self) -> impl Iterator<Item = &'static Attribute> {
        ATTRIBUTES.iter().filter(move |attribute| self.has(attribute))
    }

    /// Whether text and background have changed places.
    pub(super) fn is_inverse(self) -> bool {
        self.has(&INVERSE)
    }

    /// Applies the parameters of an SGR sequence. Unknown ones are passed over; concealed text stays visible.
    pub(super) fn select(&mut self, params: &Params) {
        let mut params = params.iter();
        while let Some(param) = params.next() {
            let code = param.first().copied().unwrap_or(0);
            match code {
                38 | 48 | 58 => {
                    let colour = extended_colour(&param[1..], &mut params);
                    self.set_extended(code, colour);
                }
                4 if param.get(1) == Some(&0) => self.clear(&[UNDERLINE]),
                _ => self.apply(code),
            }
        }
    }

    fn apply(&mut self, code: u16) {
        match code {
            0 => *self = Self::PLAIN,
            1 => self.set(&BOLD),
            2 => self.set(&DIM),
            3 => self.set(&ITALIC),
            4 | 21 => self.set(&UNDERLINE),
            7 => self.set(&INVERSE),
            9 => self.set(&STRIKE),
            22 => self.clear(&[BOLD, DIM]),
            23 => self.clear(&[ITALIC]),
            24 => self.clear(&[UNDERLINE]),
            27 => self.clear(&[INVERSE]),
            29 => self.clear(&[STRIKE]),
            30..=37 => self.foreground = low_byte(code - 30),
            39 => self.foreground = None,
            40..=47 => self.background = low_byte(code - 40),
            49 => self.background = None,
            90..=97 => self.foreground = low_byte(code - 90 + 8),
            100..=107 => self.background = low_byte(code - 100 + 8),
            _ => {}
        }
    }

    /// Sets the colour that `code` names. An underline's own colour (58) isn't shown, but its parameters are read.
    fn set_extended(&mut self, code: u16, colour: Option<u8>) {
        match (code, colour) {
            (38, Some(_)) => self.foreground = colour,
            (48, Some(_)) => self.background = colour,
            _ => {}
        }
    }

    fn has(self, attribute: &Attribute) -> bool {
        self.attributes & attribute.bit != 0
    }

    fn set(&mut self, attribute: &Attribute) {
        self.attributes |= attribute.bit;
    }

    fn clear(&mut self, attributes: &[Attribute]) {
        for attribute in attributes {
            self.attributes &= !attribute.bit;
        }
    }
}

impl Default for Style {
    fn default() -> Self {
        Self::PLAIN
    }
}

/// Reads what follows 38, 48 or 58: either as sub-parameters (`38:5:n`, `38:2::r:g:b`, `38:2:r:g:b`) or as the
/// parameters after it (`38;5;n`, `38;2;r;g;b`).
fn extended_colour<'p>(sub: &[u16], params: &mut impl Iterator<Item = &'p [u16]>) -> Option<u8> {
    match sub {
        [5, index, ..] => low_byte(*index),
        [2, _, r, g, b, ..] | [2, r, g, b] => nearest(*r, *g, *b),
        [_, ..] => None,
        [] => {
            let mut next = || params.next().and_then(|param| param.first()).copied();
            match next()? {
                5 => low_byte(next()?),
                2 => nearest(next()?, next()?, next()?),
                _ => None,
            }
        }
    }
}

fn nearest(r: u16, g: u16, b: u16) -> Option<u8> {
    Some(palette::nearest([low_byte(r)?, low_byte(g)?, low_byte(b)?]))
}

fn low_byte(value: u16) -> Option<u8> {
    u8::try_from(value).ok()
}
