//! Code as HTML: escaped text in spans whose classes say what it is. `style/highlight.css` gives them their colours.

use std::ops::Range;
use std::path::Path;
use std::sync::LazyLock;
use std::time::Instant;

use syntect::parsing::{ParseState, Scope, ScopeStack, SyntaxReference, SyntaxSet};

use super::text::{push_formatted, push_text};

/// Longer code isn't highlighted: it would take longer than anybody waits for colours.
const MAX_CODE: usize = 32 * 1024;

/// Longer files aren't highlighted, for the same reason; the others as far as somebody looks at them.
const MAX_FILE: usize = 512 * 1024;

/// Code with a longer line isn't highlighted: the grammars take time that grows faster than a line.
const MAX_LINE: usize = 2_000;

/// What scopes stand for, the more special before the more general.
const CLASSES: [(&str, &str); 24] = [
    ("comment", "hl-comment"),
    ("string", "hl-string"),
    ("constant.numeric", "hl-number"),
    ("constant.character.escape", "hl-constant"),
    ("constant", "hl-constant"),
    ("keyword", "hl-keyword"),
    ("storage", "hl-keyword"),
    ("entity.name.function", "hl-function"),
    ("support.function", "hl-function"),
    ("variable.function", "hl-function"),
    ("entity.name.tag", "hl-keyword"),
    ("entity.name.section", "hl-type"),
    ("entity.name", "hl-type"),
    ("entity.other.inherited-class", "hl-type"),
    ("support.type", "hl-type"),
    ("support.class", "hl-type"),
    ("entity.other.attribute-name", "hl-attribute"),
    ("meta.annotation", "hl-attribute"),
    ("variable.language", "hl-constant"),
    ("markup.inserted", "hl-inserted"),
    ("markup.deleted", "hl-deleted"),
    ("markup.heading", "hl-type"),
    ("meta.diff.header", "hl-comment"),
    ("meta.diff.range", "hl-comment"),
];

/// Scopes within which what is around doesn't matter: code in a string isn't a string.
const ISLANDS: [&str; 3] = ["meta.interpolation", "meta.template.expression", "source.interpolated"];

static SYNTAXES: LazyLock<SyntaxSet> = LazyLock::new(two_face::syntax::extra_newlines);

static SCOPES: LazyLock<Vec<(Scope, Option<&'static str>)>> = LazyLock::new(|| {
    let scope = |name| Scope::new(name).expect("the names of scopes have few and short words");
    let classes = CLASSES.iter().map(|&(name, class)| (scope(name), Some(class)));
    classes.chain(ISLANDS.iter().map(|&name| (scope(name), None))).collect()
});

/// Code in a language, or in one that nobody knows, as HTML.
pub(super) fn highlight(code: &str, language: &str) -> String {
    let mut html = String::with_capacity(code.len() * 2);
    match syntax(code, language) {
        Some(syntax) => push_highlighted(&mut html, code, syntax),
        None => push_text(&mut html, code),
    }
    html
}

/// The grammar for code; none when it isn't to be highlighted.
fn syntax(code: &str, language: &str) -> Option<&'static SyntaxReference> {
    let short = code.len() <= MAX_CODE && code.lines().all(|line| line.len() <= MAX_LINE);
    if !short || language.is_empty() {
        return None;
    }
    SYNTAXES.find_syntax_by_token(language)
}

/// Bytes of a line that something is said of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    /// The first byte.
    pub(super) begin: usize,
    /// One past the last.
    pub(super) end: usize,
    /// What it is.
    pub(super) class: &'static str,
}

/// The colours of a file, found out line by line as far as they are asked for.
#[derive(Debug)]
pub(super) struct Colours {
    parser: Option<(ParseState, ScopeStack)>,
    lines: Vec<Vec<Span>>,
}

impl Colours {
    /// Those of a file in the language that its name or its first line tells.
    pub(super) fn of(path: &str, text: &str) -> Self {
        let parser = file_syntax(path, text).map(|syntax| (ParseState::new(syntax), ScopeStack::new()));
        Self { parser, lines: Vec::new() }
    }

    /// Finds out those of the first `count` lines of `text`, whose lines are these, until a time, and says whether it came so far.
    pub(super) fn find_out(
        &mut self,
        text: &str,
        lines: &[Range<usize>],
        count: usize,
        until: Option<Instant>,
    ) -> bool {
        let Some((state, stack)) = &mut self.parser else { return true };
        for range in lines.iter().take(count).skip(self.lines.len()) {
            if until.is_some_and(|until| Instant::now() >= until) {
                return false;
            }
            self.lines.push(spans(state, stack, &text[range.clone()]));
        }
        true
    }

    /// What is known of a line.
    pub(super) fn of_line(&self, line: usize) -> &[Span] {
        self.lines.get(line).map_or(&[], Vec::as_slice)
    }
}

fn file_syntax(path: &str, text: &str) -> Option<&'static SyntaxReference> {
    if text.len() > MAX_FILE || text.lines().any(|line| line.len() > MAX_LINE) {
        return None;
    }
    let path = Path::new(path);
    let name = path.file_name()?.to_str()?;
    let by_name = SYNTAXES.find_syntax_by_extension(name);
    let by_ending = || SYNTAXES.find_syntax_by_extension(path.extension()?.to_str()?);
    let by_line = || SYNTAXES.find_syntax_by_first_line(text.lines().next()?);
    by_name.or_else(by_ending).or_else(by_line)
}

fn spans(state: &mut ParseState, stack: &mut ScopeStack, line: &str) -> Vec<Span> {
    // A grammar with a mistake in it costs the colours of a line.
    let operations = state.parse_line(line, &SYNTAXES).unwrap_or_default();
    let mut spans: Vec<Span> = Vec::new();
    let mut begin = 0;
    let mut push = |begin: usize, end: usize, stack: &ScopeStack| {
        let Some(class) = class(stack).filter(|_| begin < end) else { return };
        match spans.last_mut().filter(|span| span.class == class && span.end == begin) {
            Some(span) => span.end = end,
            None => spans.push(Span { begin, end, class }),
        }
    };
    for (at, operation) in operations {
        push(begin, at, stack);
        begin = at;
        if stack.apply(&operation).is_err() {
            *stack = ScopeStack::new();
        }
    }
    push(begin, line.len(), stack);
    spans
}

fn push_highlighted(html: &mut String, code: &str, syntax: &SyntaxReference) {
    let mut state = ParseState::new(syntax);
    let mut stack = ScopeStack::new();
    for line in code.split_inclusive('\n') {
        // A grammar with a mistake in it costs the colours of a line.
        let operations = state.parse_line(line, &SYNTAXES).unwrap_or_default();
        let mut done = 0;
        for (at, operation) in operations {
            push_span(html, &line[done..at], class(&stack));
            done = at;
            if stack.apply(&operation).is_err() {
                stack = ScopeStack::new();
            }
        }
        push_span(html, &line[done..], class(&stack));
    }
}

/// What the innermost scope that says something stands for.
fn class(stack: &ScopeStack) -> Option<&'static str> {
    let of_scope =
        |scope: &Scope| SCOPES.iter().find(|(prefix, _)| prefix.is_prefix_of(*scope)).map(|(_, class)| *class);
    stack.as_slice().iter().rev().find_map(of_scope).flatten()
}

fn push_span(html: &mut String, text: &str, class: Option<&str>) {
    match class {
        // A span over an end of line would join the lines for whoever looks at them one by one.
        Some(class) if !text.trim().is_empty() => {
            let (text, end) = text.strip_suffix('\n').map_or((text, ""), |text| (text, "\n"));
            push_formatted(html, format_args!("<span class=\"{class}\">"));
            push_text(html, text);
            html.push_str("</span>");
            html.push_str(end);
        }
        _ => push_text(html, text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_gets_the_classes_of_what_it_is() {
        let html = highlight("// a\nlet s = \"<b>\"; // é\n", "rust");
        assert!(html.starts_with("<span class=\"hl-comment\">"), "{html}");
        for part in ["hl-keyword\">let", "hl-string", "&lt;b&gt;"] {
            assert!(html.contains(part), "{part} in {html}");
        }
        assert!(!html.contains("<b>"), "{html}");
    }

    #[test]
    fn code_in_an_unknown_language_is_only_escaped() {
        assert_eq!(highlight("a < b\n", "no-such-language"), "a &lt; b\n");
        assert_eq!(highlight("a < b\n", ""), "a &lt; b\n");
    }

    #[test]
    fn long_lines_and_long_code_stay_without_colours() {
        let line = format!("let a = \"{}\";\n", "x".repeat(MAX_LINE));
        assert!(!highlight(&line, "rust").contains("<span"));
        assert!(!highlight(&"let a = 1;\n".repeat(MAX_CODE / 10), "rust").contains("<span"));
    }

    #[test]
    fn no_character_gets_lost() {
        let code = "fn main() {\n\tprintln!(\"{x:?} \\n\", 0x1f); /* … */\n}\n# a\n<a href='x'>${b}</a>\n`c ${d}`\n";
        for language in ["rust", "python", "html", "sh", "diff"] {
            let html = highlight(code, language);
            let text = html.split('<').map(|piece| piece.split_once('>').map_or(piece, |(_, text)| text));
            let mut plain = String::new();
            push_text(&mut plain, code);
            assert_eq!(text.collect::<String>(), plain, "{language}");
        }
    }
}
