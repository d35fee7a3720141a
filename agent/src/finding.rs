//! Finding paths by a part of their name. Pure.

/// How well a path fits; the smallest fits best.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    NameBegins,
    NameHas,
    PathHas,
    Letters,
}

/// The paths that fit best, at most `most`: what is typed is the beginning of a name, a part of it, a part of the path, or
/// letters of the path in their order. Case doesn't matter.
pub fn best<'a>(paths: impl Iterator<Item = &'a str>, typed: &str, most: usize) -> Vec<String> {
    let typed = typed.to_lowercase();
    let mut fitting: Vec<_> = paths
        .filter_map(|path| {
            let depth = path.bytes().filter(|byte| *byte == b'/').count();
            Some((fit(&path.to_lowercase(), &typed)?, depth, path.len(), path))
        })
        .collect();
    if fitting.len() > most {
        fitting.select_nth_unstable(most);
        fitting.truncate(most);
    }
    fitting.sort_unstable();
    fitting.into_iter().map(|(.., path)| path.to_owned()).collect()
}

fn fit(path: &str, typed: &str) -> Option<Fit> {
    let name = path.rsplit('/').next().unwrap_or(path);
    if name.starts_with(typed) {
        Some(Fit::NameBegins)
    } else if name.contains(typed) {
        Some(Fit::NameHas)
    } else if path.contains(typed) {
        Some(Fit::PathHas)
    } else {
        let mut letters = path.chars();
        typed.chars().all(|wanted| letters.any(|letter| letter == wanted)).then_some(Fit::Letters)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATHS: [&str; 5] = ["src/main.rs", "src/domain.rs", "main/notes.md", "README.md", "a/b/Main.java"];

    #[test]
    fn names_come_before_paths_and_near_ones_before_far_ones() {
        let found = |typed| best(PATHS.into_iter(), typed, 10);
        assert_eq!(found("main"), ["src/main.rs", "a/b/Main.java", "src/domain.rs", "main/notes.md"]);
        assert_eq!(found("src/m"), ["src/main.rs", "src/domain.rs"]);
        assert_eq!(found("readm"), ["README.md"]);
        assert_eq!(found("nts"), ["main/notes.md"]);
        assert!(found("xyz").is_empty());
    }

    #[test]
    fn no_more_than_the_best_are_told() {
        assert_eq!(best(PATHS.into_iter(), "main", 1), ["src/main.rs"]);
        assert_eq!(best(PATHS.into_iter(), "", 2), ["README.md", "src/main.rs"]);
    }
}
