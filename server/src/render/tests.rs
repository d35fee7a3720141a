//! Rendering as a transcript sees it: text in, lines of HTML out.

use octobot_wire::message::Output;

use super::*;

/// The lines after pushing each piece, put together the way a browser does it.
fn render_pieces<'t>(pieces: impl IntoIterator<Item = &'t str>) -> Vec<String> {
    let mut renderer = AnsiRenderer::new();
    let mut output = Output::default();
    for piece in pieces {
        if let Some(splice) = renderer.push(piece) {
            assert!(splice.from <= output.total_lines, "a splice may not leave a gap");
            output.splice(splice.from, &splice.lines);
        }
        assert_eq!(output.total_lines, renderer.total_lines());
    }
    output.lines
}

#[track_caller]
fn check(text: &str, expected: &[&str]) {
    assert_eq!(render_pieces([text]), expected);
    let characters = text.char_indices().map(|(at, c)| &text[at..at + c.len_utf8()]);
    assert_eq!(render_pieces(characters), expected, "one character at a time");
}

#[test]
fn plain_lines_stay_as_they_are() {
    check("one\ntwo\n\nfour", &["one", "two", "", "four"]);
    check("one\r\ntwo\r\n", &["one", "two"]);
    check("", &[]);
    check("\n", &[""]);
}

#[test]
fn markup_in_the_text_is_escaped() {
    check("<b a=\"x\" c='y'>&amp;", &["&lt;b a=&quot;x&quot; c=&#39;y&#39;&gt;&amp;amp;"]);
    check("\u{1b}[31m<script>\u{1b}[m", &["<span class=\"ansi-fg-1\">&lt;script&gt;</span>"]);
}

#[test]
fn attributes_and_colours_become_classes() {
    check("\u{1b}[1;31mred\u{1b}[0m plain", &["<span class=\"ansi-bold ansi-fg-1\">red</span> plain"]);
    check("\u{1b}[92;44mx", &["<span class=\"ansi-fg-10 ansi-bg-4\">x</span>"]);
    check(
        "\u{1b}[2;3;4;9ma\u{1b}[22;23;24;29mb",
        &["<span class=\"ansi-dim ansi-italic ansi-underline ansi-strike\">a</span>b"],
    );
    check("\u{1b}[4:3ma\u{1b}[4:0mb", &["<span class=\"ansi-underline\">a</span>b"]);
    check(
        "\u{1b}[31;42ma\u{1b}[39mb\u{1b}[49mc",
        &["<span class=\"ansi-fg-1 ansi-bg-2\">a</span><span class=\"ansi-bg-2\">b</span>c"],
    );
}

#[test]
fn inverse_swaps_the_colours() {
    check("\u{1b}[7ma\u{1b}[27mb", &["<span class=\"ansi-inverse\">a</span>b"]);
    check("\u{1b}[31;7ma", &["<span class=\"ansi-inverse ansi-bg-1\">a</span>"]);
}

#[test]
fn extended_colours_are_read_in_every_notation() {
    check("\u{1b}[38;5;9ma", &["<span class=\"ansi-fg-9\">a</span>"]);
    check("\u{1b}[38;5;208ma", &["<span class=\"ansi-fg-p208\">a</span>"]);
    check("\u{1b}[48:5:208ma", &["<span class=\"ansi-bg-p208\">a</span>"]);
    check("\u{1b}[38;2;255;0;0;1ma", &["<span class=\"ansi-bold ansi-fg-p196\">a</span>"]);
    check("\u{1b}[38:2::255:0:0ma", &["<span class=\"ansi-fg-p196\">a</span>"]);
    check("\u{1b}[38:2:255:0:0ma", &["<span class=\"ansi-fg-p196\">a</span>"]);
    check("\u{1b}[58;5;1;3ma", &["<span class=\"ansi-italic\">a</span>"]);
    check("\u{1b}[38;5;999ma", &["a"]);
}

#[test]
fn a_style_goes_on_in_the_next_line() {
    let green = "<span class=\"ansi-fg-2\">";
    check("\u{1b}[32ma\nb", &[&format!("{green}a</span>"), &format!("{green}b</span>")]);
}

#[test]
fn a_carriage_return_overwrites_the_line() {
    check("10 %\r20 %\r100 %\n", &["100 %"]);
    check("long text\rshort", &["shorttext"]);
    check("long text\r\u{1b}[Kshort", &["short"]);
}

#[test]
fn backspace_tab_and_cursor_movements_act_within_the_line() {
    check("abc\u{8}\u{8}X", &["aXc"]);
    check("a\tb\tc", &["a       b       c"]);
    check("abc\u{1b}[2DX", &["aXc"]);
    check("a\u{1b}[3Cb", &["a   b"]);
    check("abcdef\u{1b}[3GX", &["abXdef"]);
    check("abcdef\u{1b}[3D\u{1b}[1K", &["    ef"]);
    check("abcdef\u{1b}[2KX", &["      X"]);
}

#[test]
fn progress_over_several_lines_is_redrawn_in_place() {
    check("a 1\nb 1\n\u{1b}[2Aa 2\nb 2\n", &["a 2", "b 2"]);
    check("head\na 1\nb 1\u{1b}[1A\r\u{1b}[Jdone\n", &["head", "done"]);
    check("a\nb\n\u{1b}[2F\u{1b}[KA\u{1b}[1EB", &["A", "B"]);
}

#[test]
fn a_splice_starts_at_the_first_line_that_changed() {
    let mut renderer = AnsiRenderer::new();
    renderer.push("a\nb\nc\n");
    let splice = renderer.push("\u{1b}[2AB\n").unwrap();
    assert_eq!(splice, Splice { from: 1, lines: vec!["B".to_owned(), "c".to_owned()] });
    assert_eq!(renderer.push("\n"), None, "the cursor only moved");
    let splice = renderer.push("d").unwrap();
    assert_eq!(splice, Splice { from: 3, lines: vec!["d".to_owned()] });
}

#[test]
fn an_erased_last_line_is_gone() {
    let mut renderer = AnsiRenderer::new();
    renderer.push("a\nworking");
    assert_eq!(renderer.push("\r\u{1b}[K"), Some(Splice { from: 1, lines: vec![] }));
    assert_eq!(renderer.total_lines(), 1);
}

#[test]
fn a_line_that_has_left_the_window_is_never_changed() {
    let text = "line\n".repeat(60) + "\u{1b}[999AX";
    let lines = render_pieces([text.as_str()]);
    assert_eq!(lines.iter().position(|line| line == "Xine"), Some(60 + 1 - 50));
}

#[test]
fn titles_links_clipboard_writes_and_queries_are_swallowed() {
    check("a\u{1b}]0;title\u{7}b", &["ab"]);
    check("a\u{1b}]52;c;ZXZpbA==\u{1b}\\b", &["ab"]);
    check("\u{1b}]8;;javascript:alert(1)\u{1b}\\link\u{1b}]8;;\u{1b}\\", &["link"]);
    check("a\u{1b}Pq#0;2;0;0;0✓\u{1b}\\b", &["a\u{fffd}b"]);
    check("a\u{1b}_apc\u{1b}\\b\u{1b}^pm\u{1b}\\c\u{1b}Xsos\u{1b}\\d", &["abcd"]);
    check("a\u{1b}[c\u{1b}[6n\u{1b}[?25l\u{1b}[>4;1m\u{1b}[!p\u{1b}(B\u{1b}=b", &["ab"]);
    check("a\u{1b}[1;2?3mb", &["ab"]);
    check("a\u{1b}[31\u{18}b", &["ab"]);
}

#[test]
fn an_endless_sequence_does_not_hide_all_that_follows() {
    let text = format!("a\u{1b}]0;{}\nfin", "x".repeat(MAX_SEQUENCE_BYTES));
    let lines = render_pieces([text.as_str()]);
    assert_eq!(lines.last().unwrap(), "fin");
    assert_eq!(lines.len(), 2);
}

#[test]
fn characters_that_mislead_are_shown_by_their_code() {
    check("a\u{202e}b", &["a<span class=\"ansi-control\">U+202E</span>b"]);
    check(
        "\u{2066}\u{e0041}",
        &["<span class=\"ansi-control\">U+2066</span><span class=\"ansi-control\">U+E0041</span>"],
    );
    check("a\u{1}\u{9b}31m\u{7f}\u{7}\u{0}", &["a\u{fffd}\u{fffd}31m\u{fffd}"]);
    check("👩‍💻 é", &["👩‍💻 é"]);
}

#[test]
fn a_line_is_cut_off_and_says_how_much_is_missing() {
    let lines = render_pieces([format!("{}\nnext", "x".repeat(16 * 1024 + 5)).as_str()]);
    let cut = "x".repeat(16 * 1024) + "<span class=\"ansi-folded\">… 5 more characters</span>";
    assert_eq!(lines, [cut.as_str(), "next"]);
}

#[test]
fn a_few_bytes_make_no_long_line() {
    let lines = render_pieces(["\u{1b}[65535Cx\u{1b}[65535Gy"]);
    assert!(lines[0].len() < 300, "{} bytes", lines[0].len());
}

/// A linear congruential generator: the same pieces in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % limit
    }
}

fn random_output(dice: &mut Dice) -> String {
    const PIECES: [&str; 28] = [
        "word ",
        "<&>",
        "\n",
        "\r\n",
        "\r",
        "\t",
        "\u{8}",
        "é✓👩‍💻",
        "\u{202e}",
        "\u{1b}[31m",
        "\u{1b}[1;38;5;99m",
        "\u{1b}[0m",
        "\u{1b}[38;2;1;2;3m",
        "\u{1b}[K",
        "\u{1b}[1K",
        "\u{1b}[2A",
        "\u{1b}[B",
        "\u{1b}[5C",
        "\u{1b}[3D",
        "\u{1b}[7G",
        "\u{1b}[J",
        "\u{1b}[60A",
        "\u{1b}]0;t✓\u{7}",
        "\u{1b}]8;;u\u{1b}\\",
        "\u{1b}Pq\u{9c}é\u{1b}\\",
        "\u{1b}[?1;1?m",
        "\u{1b}[3\n1m",
        "\u{1b}",
    ];
    (0..400).map(|_| PIECES[dice.below(PIECES.len())]).collect()
}

#[test]
fn the_pieces_that_text_arrives_in_make_no_difference() {
    let mut dice = Dice(1);
    for _ in 0..300 {
        let text = random_output(&mut dice);
        let mut pieces = Vec::new();
        let mut rest = text.as_str();
        while !rest.is_empty() {
            let cut = rest.ceil_char_boundary(1 + dice.below(40));
            let (piece, after) = rest.split_at(cut.min(rest.len()));
            pieces.push(piece);
            rest = after;
        }
        assert_eq!(render_pieces(pieces), render_pieces([text.as_str()]), "{text:?}");
    }
}

#[test]
fn whatever_is_printed_leaves_only_text_and_spans_with_classes() {
    let mut dice = Dice(2);
    for _ in 0..300 {
        for line in render_pieces([random_output(&mut dice).as_str()]) {
            let text = line.split('<').skip(1).try_fold(0_u32, |open, tag| {
                let (tag, _) = tag.split_once('>')?;
                match tag.strip_prefix("span class=\"").and_then(|rest| rest.strip_suffix('"')) {
                    Some(classes) => classes
                        .bytes()
                        .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b' ')
                        .then_some(open + 1),
                    None => (tag == "/span").then(|| open.checked_sub(1)).flatten(),
                }
            });
            assert_eq!(text, Some(0), "{line:?}");
            assert!(!line.contains(|c: char| c.is_control()), "{line:?}");
        }
    }
}
