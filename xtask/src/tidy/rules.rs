//! The rules that hold for one file.

use std::path::{Path, PathBuf};

use super::{Finding, Source};

/// A file is read at once; past this length it is two things.
const MOST_LINES: usize = 500;

/// Names that say nothing about what is inside.
const EMPTY_NAMES: [&str; 8] = ["common", "helper", "helpers", "misc", "mod", "shared", "util", "utils"];

/// Libraries that only one room may use, and where that room is. Its tests may use them too, and so may what is no room of the product.
const ROOMS: [(&str, &str); 5] = [
    ("sqlx", "server/src/store"),
    ("gix", "server/src/git"),
    ("bollard", "server/src/sandbox/docker"),
    ("hudsucker", "proxy/src/mitm"),
    ("rcgen", "proxy/src/mitm"),
];

/// The files with colours: our own, and the 256 of terminals, which no design may change.
const PALETTES: [&str; 2] = ["style/tokens.css", "style/ansi.css"];

/// How a colour begins that isn't written with `#`.
const COLOURS: [&str; 10] =
    ["rgb(", "rgba(", "hsl(", "hsla(", "hwb(", "lab(", "lch(", "oklab(", "oklch(", "light-dark(#"];

/// Every place where this file breaks a rule.
pub fn check(source: &Source<'_>) -> Vec<Finding> {
    match source.path.extension().and_then(|extension| extension.to_str()) {
        Some("rs") => [header, name, length, rooms].iter().flat_map(|rule| rule(source)).collect(),
        Some("css") => colours(source),
        _ => Vec::new(),
    }
}

fn header(source: &Source<'_>) -> Vec<Finding> {
    let missing = !source.text.starts_with("//!");
    found(source, missing.then(|| (1, "a module begins with `//!`: what belongs here, and what may not".to_owned())))
}

fn name(source: &Source<'_>) -> Vec<Finding> {
    let name = source.path.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
    let empty = EMPTY_NAMES.contains(&name);
    found(source, empty.then(|| (1, format!("`{name}` isn't a noun of the domain; `foo.rs` stands beside `foo/`"))))
}

fn length(source: &Source<'_>) -> Vec<Finding> {
    let lines = without_tests(source).count();
    let long = lines > MOST_LINES;
    found(
        source,
        long.then(|| {
            (MOST_LINES, format!("{lines} lines without tests, at most {MOST_LINES}: which two things is it?"))
        }),
    )
}

fn rooms(source: &Source<'_>) -> Vec<Finding> {
    let is_outside = ["xtask", "end2end", "proxy/benches"].iter().any(|outside| source.path.starts_with(outside));
    let foreign = ROOMS.iter().filter(|(_, room)| !is_outside && !in_room(source.path, room));
    let places = foreign.flat_map(|(library, room)| {
        let path = format!("{library}::");
        let users = source.text.lines().enumerate().filter(move |(_, line)| code(line).contains(&path));
        users.map(move |(number, _)| (number + 1, format!("only {room} may use {library}")))
    });
    found(source, places)
}

/// A room is a module: the file of its name and the folder of its name.
fn in_room(path: &Path, room: &str) -> bool {
    [room.to_owned(), room.replace("/src/", "/tests/")]
        .map(PathBuf::from)
        .iter()
        .any(|room| path.starts_with(room) || path == room.with_extension("rs"))
}

fn colours(source: &Source<'_>) -> Vec<Finding> {
    if PALETTES.iter().any(|palette| source.path == Path::new(palette)) {
        return Vec::new();
    }
    let places = source.text.lines().enumerate().filter(|(_, line)| has_colour(line));
    found(source, places.map(|(number, _)| (number + 1, format!("colours stand in {}", PALETTES[0]))))
}

fn has_colour(line: &str) -> bool {
    // A selector such as `#add` has no colon before it, unless it is one of a pseudo class.
    let Some((_, value)) = line.split_once(": ") else { return false };
    COLOURS.iter().any(|colour| begins_a_word(value, colour)) || value.split('#').skip(1).any(is_hexadecimal_colour)
}

fn begins_a_word(text: &str, word: &str) -> bool {
    text.match_indices(word)
        .any(|(at, _)| !text[..at].ends_with(|before: char| before.is_alphanumeric() || before == '-'))
}

fn is_hexadecimal_colour(text: &str) -> bool {
    let digits = text.find(|c: char| !c.is_ascii_hexdigit()).unwrap_or(text.len());
    let ends = !text[digits..].starts_with(|c: char| c.is_alphanumeric() || c == '-' || c == '_');
    matches!(digits, 3 | 4 | 6 | 8) && ends
}

fn without_tests<'a>(source: &Source<'a>) -> impl Iterator<Item = &'a str> {
    let in_tests = source.path.components().any(|component| component.as_os_str() == "tests");
    source.text.lines().take_while(move |line| !in_tests && line.trim_end() != "#[cfg(test)]")
}

/// A line without its comment.
fn code(line: &str) -> &str {
    line.split("//").next().unwrap_or(line)
}

fn found(source: &Source<'_>, places: impl IntoIterator<Item = (usize, String)>) -> Vec<Finding> {
    let path = source.path.to_path_buf();
    places.into_iter().map(|(line, rule)| Finding { path: path.clone(), line, rule }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_lines(path: &str, text: &str, expected: &[usize]) {
        let findings = check(&Source { path: Path::new(path), text });
        let lines: Vec<_> = findings.iter().map(|finding| finding.line).collect();
        assert_eq!(lines, expected, "{findings:?}");
    }

    #[test]
    fn a_module_without_a_header_is_found() {
        check_lines("server/src/http.rs", "use std::fs;\n", &[1]);
        check_lines("server/src/http.rs", "//! Routes.\nuse std::fs;\n", &[]);
    }

    #[test]
    fn a_name_that_says_nothing_is_found() {
        check_lines("server/src/utils.rs", "//! Things.\n", &[1]);
        check_lines("server/src/http/mod.rs", "//! Routes.\n", &[1]);
    }

    #[test]
    fn the_length_of_a_file_counts_without_its_tests() {
        let code = format!("//! Long.\n{}", "fn f() {}\n".repeat(499));
        check_lines("server/src/long.rs", &format!("{code}#[cfg(test)]\nmod tests {{}}\n"), &[]);
        check_lines("server/src/long.rs", &format!("{code}fn f() {{}}\n"), &[500]);
    }

    #[test]
    fn a_library_outside_its_room_is_found() {
        check_lines("server/src/http.rs", "//! Routes.\nuse sqlx::Row;\n// sqlx::Row\n", &[2]);
        check_lines("server/src/store.rs", "//! SQL.\nuse sqlx::Row;\n", &[]);
        check_lines("server/src/store/turn.rs", "//! SQL.\nuse sqlx::Row;\n", &[]);
        check_lines("server/tests/store/database.rs", "//! SQL.\nuse sqlx::Row;\n", &[]);
        check_lines("server/src/git/clone.rs", "//! Git.\nuse gix::Repository;\n", &[]);
        check_lines("proxy/src/mitm/leaves.rs", "//! Certificates.\nuse rcgen::KeyPair;\n", &[]);
        check_lines("proxy/src/listen.rs", "//! Clients.\nuse rcgen::KeyPair;\n", &[2]);
        check_lines("proxy/src/git.rs", "//! Git.\nuse gix::Repository;\n", &[2]);
    }

    #[test]
    fn a_colour_outside_the_tokens_is_found() {
        check_lines("style/button.css", "a { color: #ff0000; }\nb { color: rgb(1 2 3); }\n#add { top: 0; }\n", &[1, 2]);
        check_lines("style/button.css", "a { color: color-mix(in oklab, var(--a), var(--b)); }\n", &[]);
        check_lines("style/tokens.css", ":root { --accent: #ff0000; }\n", &[]);
    }
}
