//! The 240 fixed colours of xterm's palette, numbers 16 to 255: a cube of 6×6×6 and 24 greys.
//!
//! A strict content security policy forbids `style` attributes, so every colour has a class. The rules for them stand
//! in `style/ansi.css`, and a test holds that file to this module. The first 16 colours belong to the theme.

/// The number of the cube's first colour, black.
const CUBE: u8 = 16;
/// The number of the darkest grey.
const GREYS: u8 = 232;
/// The six intensities of a channel in the cube.
const LEVELS: [u8; 6] = [0, 95, 135, 175, 215, 255];

/// The colour of the palette that is nearest to a true colour.
pub(super) fn nearest(rgb: [u8; 3]) -> u8 {
    let [r, g, b] = rgb.map(nearest_level);
    let cube = CUBE + 36 * r + 6 * g + b;
    let mean = rgb.iter().map(|&channel| u16::from(channel)).sum::<u16>() / 3;
    let step = (mean.saturating_sub(3) / 10).min(23);
    let grey = GREYS + u8::try_from(step).expect("a step is at most 23");
    if distance(colour(grey), rgb) < distance(colour(cube), rgb) { grey } else { cube }
}

/// Red, green and blue of a palette colour from 16 on.
pub(super) fn colour(index: u8) -> [u8; 3] {
    if index >= GREYS {
        [8 + 10 * (index - GREYS); 3]
    } else {
        let offset = index.saturating_sub(CUBE);
        [offset / 36, offset / 6 % 6, offset % 6].map(|level| LEVELS[usize::from(level)])
    }
}

fn nearest_level(channel: u8) -> u8 {
    match channel {
        0..48 => 0,
        48..115 => 1,
        _ => (channel - 35) / 40,
    }
}

fn distance(a: [u8; 3], b: [u8; 3]) -> u32 {
    a.iter().zip(b).map(|(&a, b)| u32::from(a.abs_diff(b)).pow(2)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_palette_colour_is_nearest_to_itself() {
        for index in CUBE..=255 {
            assert_eq!(colour(nearest(colour(index))), colour(index), "colour {index}");
        }
    }

    #[test]
    fn a_true_colour_becomes_the_nearest_of_all() {
        for rgb in [[250, 10, 10], [12, 12, 12], [120, 119, 121], [1, 200, 90], [255, 255, 254], [243, 243, 243]] {
            let best = (CUBE..=255).map(|index| distance(colour(index), rgb)).min().unwrap();
            assert_eq!(distance(colour(nearest(rgb)), rgb), best, "{rgb:?}");
        }
    }

    #[test]
    fn the_stylesheet_has_a_rule_for_every_palette_colour() {
        let css = include_str!("../../../style/ansi.css");
        for index in CUBE..=255 {
            let [r, g, b] = colour(index);
            for (prefix, property) in [("fg", "color"), ("bg", "background-color")] {
                let rule = format!(".ansi-{prefix}-p{index} {{ {property}: #{r:02x}{g:02x}{b:02x}; }}\n");
                assert!(css.contains(&rule), "style/ansi.css lacks {rule}");
            }
        }
    }
}
