//! Markdown as blocks of sanitised HTML, rendered while it grows.
//!
//! A block (a paragraph, a list, a fence …) that is followed by another one can't change any more, so each is rendered
//! once, and only the unfinished end again. Every block is rendered from its own lines alone. So the result doesn't
//! depend on how the text was cut into pieces; what is lost are links that are defined in another block.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::LazyLock;

use comrak::adapters::SyntaxHighlighterAdapter;
use comrak::arena_tree::NodeEdge;
use comrak::nodes::NodeValue;
use comrak::options::Plugins;
use comrak::{Arena, Node, Options, format_html_with_plugins, parse_document};

use super::Splice;
use super::highlight::highlight;
use super::text::push_text;

/// A longer block is ended here, so that what is rendered again and again stays small.
const MAX_BLOCK: usize = 64 * 1024;

/// Deeper nesting is shown as the text that it is: browsers don't go much deeper either.
const MAX_DEPTH: usize = 64;

/// Renders one text as it grows.
#[derive(Debug, Default)]
pub struct MarkdownRenderer {
    /// How many blocks have an end.
    finished: u64,
    /// The text after them.
    tail: String,
}

impl MarkdownRenderer {
    /// A renderer that has seen nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes more text, and says what changed; nothing when there is no more text.
    pub fn push(&mut self, text: &str) -> Option<Splice> {
        if text.is_empty() {
            return None;
        }
        let from = self.finished;
        let mut lines = Vec::new();
        // Lines are told apart by one character only, here and by the parser.
        let text = text.replace('\r', "");
        let mut rest = text.as_str();
        loop {
            let fits = rest.floor_char_boundary(MAX_BLOCK.saturating_sub(self.tail.len()));
            self.tail.push_str(&rest[..fits]);
            rest = &rest[fits..];
            let finished = self.finish(!rest.is_empty());
            self.finished += finished.len() as u64;
            lines.extend(finished);
            if rest.is_empty() {
                break;
            }
        }
        lines.extend(blocks(&self.tail).into_iter().map(render));
        Some(Splice { from, lines })
    }

    /// Takes the blocks that have an end off the tail; all, if there is no room for more and not one has an end.
    fn finish(&mut self, is_full: bool) -> Vec<String> {
        // A line that goes on may yet turn into something else, so it ends nothing.
        let complete = self.tail.rfind('\n').map_or(0, |at| at + 1);
        let mut end: usize = blocks(&self.tail[..complete]).iter().rev().skip(1).map(|block| block.len()).sum();
        if end == 0 && is_full {
            end = self.tail.len();
        }
        let rendered = blocks(&self.tail[..end]).into_iter().map(render).collect();
        self.tail.drain(..end);
        rendered
    }
}

/// All blocks of a text.
pub fn markdown(text: &str) -> Vec<String> {
    MarkdownRenderer::new().push(text).map(|splice| splice.lines).unwrap_or_default()
}

/// The sources of a text's blocks, which together are the text; none for a text that says nothing.
fn blocks(text: &str) -> Vec<&str> {
    let arena = Arena::new();
    let root = parse_document(&arena, text, &OPTIONS);
    let lines: Vec<usize> = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
    let mut starts: Vec<usize> = root.children().map(|block| lines[block.data().sourcepos.start.line - 1]).collect();
    // What stands before the first block, for instance empty lines, belongs to it.
    if let Some(first) = starts.first_mut() {
        *first = 0;
    }
    starts.dedup();
    let ends = starts.iter().skip(1).copied().chain([text.len()]);
    starts.iter().zip(ends).map(|(&start, end)| &text[start..end]).collect()
}

/// A block as sanitised HTML.
fn render(source: &str) -> String {
    let arena = Arena::new();
    let root = parse_document(&arena, source, &OPTIONS);
    if is_too_deep(root) {
        let mut html = CODE_BEGINS.to_owned();
        push_text(&mut html, source);
        html.push_str(CODE_ENDS);
        return html;
    }
    for node in root.descendants() {
        // An image would be fetched from wherever the text says, and so tell that place what the text wants it to know.
        let mut data = node.data_mut();
        if let NodeValue::Image(link) = &data.value {
            data.value = NodeValue::Link(link.clone());
        }
    }
    let mut plugins = Plugins::default();
    plugins.render.codefence_syntax_highlighter = Some(&Highlighter);
    let mut html = String::with_capacity(source.len() * 2);
    format_html_with_plugins(root, &OPTIONS, &mut html, &plugins).expect("writing to a string can't fail");
    // A box that can't be ticked is a sign, not a control. What looks like one in the text has been escaped.
    for (control, sign) in TASKS {
        html = html.replace(control, sign);
    }
    // What looks like this in the text has been escaped, and the sanitiser leaves a `pre` no attribute.
    SANITISER.clean(&html).to_string().replace("<pre>", CODE_BEGINS).replace("</pre>", CODE_ENDS)
}

/// What stands around a block of code: a button, whose word the style sheet has, so that it isn't a part of the text.
const CODE_BEGINS: &str =
    "<div class=\"code\"><button type=\"button\" class=\"code__copy\" aria-label=\"Copy the code\"></button><pre>";
const CODE_ENDS: &str = "</pre></div>";

/// How the parser writes the boxes of a list of tasks, and what they become.
const TASKS: [(&str, &str); 2] = [
    ("<input type=\"checkbox\" checked=\"\" disabled=\"\" />", "<span class=\"task\">☑</span>"),
    ("<input type=\"checkbox\" disabled=\"\" />", "<span class=\"task\">☐</span>"),
];

fn is_too_deep(root: Node<'_>) -> bool {
    let mut depth = 0_usize;
    root.traverse().any(|edge| {
        match edge {
            NodeEdge::Start(_) => depth += 1,
            NodeEdge::End(_) => depth -= 1,
        }
        depth > MAX_DEPTH
    })
}

static OPTIONS: LazyLock<Options<'static>> = LazyLock::new(|| {
    let mut options = Options::default();
    options.extension.autolink = true;
    options.extension.strikethrough = true;
    options.extension.table = true;
    options.extension.tasklist = true;
    // HTML in the text is text.
    options.render.escape = true;
    options
});

/// The last word on what leaves this module, whatever the text and the parser did.
static SANITISER: LazyLock<ammonia::Builder<'static>> = LazyLock::new(|| {
    let tags = [
        "a",
        "blockquote",
        "br",
        "code",
        "del",
        "em",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "hr",
        "li",
        "ol",
        "p",
        "pre",
        "span",
        "strong",
        "table",
        "tbody",
        "td",
        "th",
        "thead",
        "tr",
        "ul",
    ];
    let classes = [
        "ansi-control",
        "hl-attribute",
        "hl-comment",
        "hl-constant",
        "hl-deleted",
        "hl-function",
        "hl-inserted",
        "hl-keyword",
        "hl-number",
        "hl-string",
        "hl-type",
        "task",
    ];
    let mut sanitiser = ammonia::Builder::empty();
    sanitiser
        .tags(HashSet::from(tags))
        .tag_attributes(HashMap::from([
            ("a", HashSet::from(["href", "title"])),
            ("ol", HashSet::from(["start"])),
            ("td", HashSet::from(["align"])),
            ("th", HashSet::from(["align"])),
        ]))
        .set_tag_attribute_values(HashMap::from([("a", HashMap::from([("target", "_blank")]))]))
        .allowed_classes(HashMap::from([("span", HashSet::from(classes))]))
        .url_schemes(HashSet::from(["http", "https", "mailto"]))
        .url_relative(ammonia::UrlRelative::Deny)
        .link_rel(Some("noopener noreferrer"));
    sanitiser
});

/// Highlights the code in fences.
struct Highlighter;

impl SyntaxHighlighterAdapter for Highlighter {
    fn write_highlighted(&self, output: &mut dyn fmt::Write, language: Option<&str>, code: &str) -> fmt::Result {
        output.write_str(&highlight(code, language.unwrap_or_default()))
    }

    fn write_pre_tag(&self, output: &mut dyn fmt::Write, _: HashMap<&'static str, Cow<'_, str>>) -> fmt::Result {
        output.write_str("<pre>")
    }

    fn write_code_tag(&self, output: &mut dyn fmt::Write, _: HashMap<&'static str, Cow<'_, str>>) -> fmt::Result {
        output.write_str("<code>")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: &str = "# Title\n\nSome *text* with `code`\nand more.\nSetext\n---\n\n- a\n- b\n\n  c\n\n1. one\n2. two\n\n\
        ```rust\nfn main() {}\n\n# not a heading\n```\n\n> quoted\nlazily\n\n| a | b |\n|---|--:|\n| 1 | 2 |\n\n\
        #5 isn't a heading\n\n[x]: https://example.org\n\n    indented\n\n***\nlast é line";

    /// What a page holds after all splices.
    fn held(pieces: impl IntoIterator<Item = impl AsRef<str>>) -> Vec<String> {
        let mut renderer = MarkdownRenderer::new();
        let mut prose = octobot_wire::message::Prose::default();
        for piece in pieces {
            if let Some(splice) = renderer.push(piece.as_ref()) {
                prose.splice(splice.from, &splice.lines);
            }
        }
        prose.html
    }

    #[test]
    fn the_result_does_not_depend_on_how_the_text_is_cut() {
        let whole = markdown(SAMPLE);
        assert_eq!(held(SAMPLE.chars().map(String::from)), whole);
        let lines: Vec<_> = SAMPLE.split_inclusive('\n').collect();
        assert_eq!(held(&lines), whole);
        for cut in (0..SAMPLE.len()).filter(|&cut| SAMPLE.is_char_boundary(cut)) {
            assert_eq!(held([&SAMPLE[..cut], &SAMPLE[cut..]]), whole, "cut at {cut}");
        }
    }

    #[test]
    fn only_the_unfinished_end_is_rendered_again() {
        let splice = |from, lines: &[&str]| {
            Some(Splice { from, lines: lines.iter().map(|line| format!("<p>{line}</p>\n")).collect() })
        };
        let mut renderer = MarkdownRenderer::new();
        assert_eq!(renderer.push("a\n\nb"), splice(0, &["a", "b"]));
        assert_eq!(renderer.push(" c\n\nd"), splice(0, &["a", "b c", "d"]), "the line of b had no end yet");
        assert_eq!(renderer.push("\n"), splice(1, &["b c", "d"]));
        assert_eq!(
            renderer.push("\n# e\n"),
            splice(2, &["d"]).map(|mut splice| {
                splice.lines.push("<h1>e</h1>\n".to_owned());
                splice
            })
        );
        assert_eq!(renderer.push(""), None);
    }

    #[test]
    fn a_fence_without_an_end_is_code_already() {
        let html = held(["```rust\nlet a", " = 1;\nlet"]).concat();
        let code = html.trim_end().strip_prefix(CODE_BEGINS).and_then(|html| html.strip_suffix(CODE_ENDS)).unwrap();
        assert!(code.starts_with("<code><span class=\"hl-keyword\">let</span>"), "{html}");
        assert!(code.ends_with("</code>"), "{html}");
    }

    #[test]
    fn what_markdown_has_is_rendered() {
        let html = markdown(SAMPLE).concat();
        for part in
            ["<h1>Title</h1>", "<em>text</em>", "<h2>", "<ol>", "<blockquote>", "<th align=\"right\">b</th>", "<hr>"]
        {
            assert!(html.contains(part), "{part} in {html}");
        }
        let tasks = markdown("- [x] done\n- [ ] open\n").concat();
        assert!(tasks.contains("<span class=\"task\">☑</span> done"), "{tasks}");
        assert!(tasks.contains("<span class=\"task\">☐</span> open"), "{tasks}");
    }

    #[test]
    fn a_link_leaves_without_a_trace() {
        let html = markdown("[a](https://example.org/x?y=1&z=2 \"t\") and https://example.org").concat();
        assert_eq!(html.matches("rel=\"noopener noreferrer\"").count(), 2, "{html}");
        assert_eq!(html.matches("target=\"_blank\"").count(), 2, "{html}");
    }

    #[test]
    fn an_image_is_a_link() {
        let html = markdown("![cat](https://example.org/cat.png)").concat();
        assert!(!html.contains("<img") && html.contains(">cat</a>"), "{html}");
    }

    #[test]
    fn hostile_text_does_nothing() {
        let hostile = [
            "<script>alert(1)</script>",
            "<svg onload=alert(1)>",
            "<img src=x onerror=alert(1)>",
            "<iframe srcdoc=\"<script>alert(1)</script>\"></iframe>",
            "[a](javascript:alert(1))",
            "[a](JaVaScRiPt&colon;alert(1))",
            "[a](data:text/html,<script>alert(1)</script>)",
            "[a](//example.org)",
            "[a](/api/projects)",
            "<javascript:alert(1)>",
            "[a](https://example.org \"\\\" onmouseover=alert(1) x=\\\"\")",
            "```\"><script>alert(1)</script>\n</code></pre><script>alert(1)</script>\n```",
            "<a href=\"https://example.org\" style=\"position:fixed\" class=\"button\" id=\"x\">a</a>",
            "<style>*{display:none}</style>",
            "<form action=/x><button>a</button></form>",
            "`</code><script>alert(1)</script>`",
            "| <script> | b |\n|---|---|\n| <svg/onload=alert(1)> | `|` |",
            "<div>\n\n```js\n</div><script>",
        ];
        for source in hostile {
            // Blocks of code have a button of ours around them, and a text can't make another one.
            let html = markdown(source).concat().replace(CODE_BEGINS, "<pre>").replace(CODE_ENDS, "</pre>");
            let mut tags = html.split('<').skip(1).map(|tag| tag.split_once('>').map_or(tag, |(tag, _)| tag));
            assert!(
                tags.all(|tag| {
                    let name = tag.trim_start_matches('/').split([' ', '>']).next().unwrap_or_default();
                    let harmless = ["a", "code", "em", "p", "pre", "span", "table", "tbody", "td", "th", "thead", "tr"];
                    let attributes = tag.strip_prefix(name).unwrap_or_default();
                    harmless.contains(&name)
                        && (attributes.is_empty()
                            || attributes.starts_with(" class=\"hl-")
                            || attributes.starts_with(" href=\"https://example.org\"")
                            || attributes.starts_with(" rel=\"noopener")
                            || attributes.starts_with(" target=\"_blank\""))
                }),
                "{source} became {html}"
            );
        }
    }

    #[test]
    fn deep_nesting_is_shown_as_text() {
        for unit in [">", "- ", "1. ", "*a **b ", "["] {
            let html = markdown(&unit.repeat(20_000)).concat();
            assert!(html.matches("<blockquote>").count() + html.matches("<ul>").count() <= MAX_DEPTH, "{unit}");
        }
    }

    #[test]
    fn a_block_without_end_is_cut_where_nobody_waits_for_it() {
        let line = format!("{}\n", "word ".repeat(300));
        let text = line.repeat(200);
        let whole = markdown(&text);
        assert_eq!(whole.len(), text.len().div_ceil(MAX_BLOCK));
        assert_eq!(held(text.as_bytes().chunks(1_000).map(|piece| String::from_utf8_lossy(piece).into_owned())), whole);
        let without_end = "é".repeat(MAX_BLOCK);
        assert_eq!(markdown(&without_end).len(), 2);
    }
}
