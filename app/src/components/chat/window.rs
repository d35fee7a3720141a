//! Which messages are rendered: those near what is seen. Pure arithmetic over heights.

/// What is assumed of a message that was never rendered, in CSS pixels.
pub const GUESSED_HEIGHT: f64 = 140.0;
/// How far beyond the viewport messages are rendered, so that a flick doesn't outrun them.
pub const OVERSCAN: f64 = 1_200.0;

/// The part of a transcript that is seen, measured from its end: that is where reading begins.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct View {
    /// From the end of the transcript to the lower edge of what is seen.
    pub from_end: f64,
    /// How much is seen.
    pub height: f64,
}

impl Default for View {
    /// What the server renders for, which doesn't know the window: the end, on a large screen.
    fn default() -> Self {
        Self { from_end: 0.0, height: 1_400.0 }
    }
}

/// The messages that are rendered, and the room that the others take.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Window {
    /// The first message that is rendered.
    pub start: usize,
    /// One past the last.
    pub end: usize,
    /// The room above them.
    pub above: f64,
    /// The room below them.
    pub below: f64,
}

/// Chooses the messages to render for a view. `height_of` a message that isn't known yet is guessed.
pub fn window(count: usize, height_of: impl Fn(usize) -> f64, view: View) -> Window {
    let lower = view.from_end - OVERSCAN;
    let upper = view.from_end + view.height + OVERSCAN;
    let mut window = Window { start: count, end: count, above: 0.0, below: 0.0 };
    let mut reached = 0.0;
    for place in (0..count).rev() {
        let height = height_of(place);
        let nothing_yet = window.start == window.end;
        if nothing_yet && reached + height < lower && place > 0 {
            window.end = place;
            window.start = place;
            window.below = reached + height;
        } else if reached <= upper {
            window.start = place;
        } else {
            window.above += height;
        }
        reached += height;
    }
    window
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(from_end: f64) -> Window {
        window(1_000, |_| 100.0, View { from_end, height: 800.0 })
    }

    #[test]
    fn at_the_end_the_last_messages_are_rendered() {
        let window = at(0.0);
        assert_eq!((window.end, window.below), (1_000, 0.0));
        assert_eq!(window.start, 1_000 - 21);
        assert!((window.above - 97_900.0).abs() < 0.1);
    }

    #[test]
    fn in_the_middle_only_the_neighbourhood_is_rendered_and_the_heights_add_up() {
        for from_end in [0.0, 1.0, 1_300.0, 50_000.0, 99_200.0] {
            let window = at(from_end);
            let rendered = window.end - window.start;
            assert!((20..=34).contains(&rendered), "{from_end}: {rendered}");
            #[expect(clippy::cast_precision_loss, reason = "a few dozen")]
            let total = window.above + window.below + rendered as f64 * 100.0;
            assert!((total - 100_000.0).abs() < 0.1, "{from_end}: {total}");
        }
    }

    #[test]
    fn what_is_seen_is_always_rendered() {
        let window = at(40_000.0);
        assert!(window.below <= 40_000.0);
        assert!(window.above <= 100_000.0 - 40_800.0);
    }

    #[test]
    fn a_view_beyond_the_beginning_still_shows_the_first_message() {
        let window = window(3, |_| 100.0, View { from_end: 90_000.0, height: 800.0 });
        assert_eq!(window.start, 0);
        assert!(window.end > 0);
    }

    #[test]
    fn an_empty_transcript_has_an_empty_window() {
        assert_eq!(window(0, |_| 1.0, View::default()), Window { start: 0, end: 0, above: 0.0, below: 0.0 });
    }
}
