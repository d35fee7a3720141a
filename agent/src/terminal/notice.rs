//! What a terminal shows when its shell has ended. Only texts.

use octobot_wire::terminal::ShellState;

/// Leaves whatever a program that ended without a word has left: its own screen, its modes, its colours.
const RECOVER: &str = "\x1b[?1049l\x1b[!p\x1b[?1000;1002;1003;1004;1006;2004l\x1b[0m";

/// The line that tells how a shell has ended.
pub fn of_end(shell: &ShellState) -> String {
    let told = match shell {
        ShellState::Running => return String::new(),
        ShellState::Exited { code } => format!("The shell ended with status {code}"),
        ShellState::Killed { signal } => format!("The shell was ended by signal {signal}"),
        ShellState::Lost => "The shell ended with its sandbox".to_owned(),
        ShellState::Failed { reason } => {
            let printable = |c: char| if c.is_control() { ' ' } else { c };
            format!("The shell can't be started: {}", reason.chars().map(printable).collect::<String>())
        }
    };
    format!("{RECOVER}\r\n\x1b[2m[{told}. Press Enter for a new one.]\x1b[0m\r\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_can_t_hold_escape_sequences() {
        let text = of_end(&ShellState::Failed { reason: "a\x1b]0;x\x07".to_owned() });
        assert!(text.contains("a ]0;x ."), "{text:?}");
    }
}
