//! Code as HTML: escaped text in spans whose classes say what it is. `style/highlight.css` gives them their colours.

use std::sync::LazyLock;

use syntect::parsing::{ParseState, Scope, ScopeStack, SyntaxReference, SyntaxSet};

use super::text::{push_formatted, push_text};

/// Longer code isn't highlighted: it would take longer than anybody waits for colours.
const MAX_CODE: usize = 32 * 1024;

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
