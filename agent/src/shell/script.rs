//! What the shell is told before and after a user's script: texts only.
//!
//! The script is evaluated by a shell that was started as `script`, so that `$0`, `$LINENO` and the prefix of errors
//! are those of a script of that name. Nothing of this is left in variables or functions that the script can see; the
//! save runs in a subshell for that reason, and what it prints is the state.

use crate::environment::Environment;

/// The last line of a complete state. A shell that is killed while it saves leaves a file without it.
pub const COMPLETE: &str = "# complete\n";

/// What shells call the user's script in `$0` and in errors.
const SCRIPT_NAME: &str = "script";

/// The shells that are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Keeps variables, functions, aliases and options. From 4.4 on; an older one keeps no state.
    Bash,
    /// Any other; keeps exported variables.
    Posix,
}

/// The files of the shell, in a folder of the daemon's. Paths are text because they are written into scripts.
#[derive(Debug, Clone)]
pub struct Files {
    /// The folder.
    pub folder: String,
    /// The user's script.
    pub script: String,
    /// What is run before it.
    pub start: String,
    /// What is run when the shell exits.
    pub save: String,
    /// The state that the last script left.
    pub state: String,
    /// The state while it is written.
    pub new_state: String,
}

impl Files {
    /// The files in a folder.
    pub fn in_folder(folder: &str, kind: Kind) -> Self {
        let file = |name: &str| format!("{folder}/{name}.{}", kind.program());
        Self {
            folder: folder.to_owned(),
            script: file("script"),
            start: file("start"),
            save: file("save"),
            state: file("state"),
            new_state: file("new-state"),
        }
    }
}

impl Kind {
    /// The name of the program.
    pub fn program(self) -> &'static str {
        match self {
            Self::Bash => "bash",
            Self::Posix => "sh",
        }
    }

    /// The command line that runs the user's script.
    ///
    /// The state is saved after the script, for which the save keeps its status, and by an exit trap in case the script
    /// exits in its midst. A script that does so with an exit trap of its own isn't saved. The save stands in a group
    /// whose errors go nowhere because `set -x` would show it.
    pub fn command(self, program: &str, files: &Files) -> Vec<String> {
        let [start, save, script] = [&files.start, &files.save, &files.script].map(|path| quote(path));
        let evaluate = match self {
            Self::Bash => format!("builtin eval \"$(<{script})\""),
            Self::Posix => format!(". {script}"),
        };
        let text = format!(". {start}; {evaluate}; {{ . {save}; }} 2>/dev/null");
        [program, "-c", &text, SCRIPT_NAME].map(str::to_owned).to_vec()
    }

    /// What is run before the user's script.
    pub fn start(self, files: &Files) -> String {
        let [save, state] = [&files.save, &files.state].map(|path| quote(path));
        let trap = quote(&format!("{{ . {save}; }} 2>/dev/null"));
        let restore = format!("if [ -f {state} ]; then . {state} 2>/dev/null; fi");
        match self {
            Self::Bash => format!("{BASH_COMFORT}{restore}\ntrap {trap} EXIT\n"),
            Self::Posix => format!("{restore}\n{POSIX_GO_BACK}trap {trap} EXIT\n"),
        }
    }

    /// What writes the state. It is run by the user's shell, whose variables and options may be anything.
    ///
    /// Variables of the environment are saved only if the script has changed them, so that a sandbox that is later
    /// started with another search path isn't held to the old one.
    pub fn save(self, files: &Files, environment: &Environment) -> String {
        let new_state = quote(&files.new_state);
        let per_variable = |line: &dyn Fn(&str, String) -> String| -> String {
            environment.variables().map(|(name, value)| line(name, quote(value))).collect()
        };
        let body = match self {
            Self::Bash => {
                let unset =
                    per_variable(&|name, _| format!("[[ -v {name} ]] || builtin printf 'unset -v {name}\\n'\n"));
                let unchanged =
                    per_variable(&|name, value| format!("{name}) [[ ${name} == {value} ]] && continue ;;\n"));
                BASH_SAVE.replace("@UNSET@\n", &unset).replace("@UNCHANGED@\n", &unchanged)
            }
            Self::Posix => {
                let unchanged =
                    per_variable(&|name, value| format!("[ \"${{{name}-}}\" = {value} ] && unset {name}\n"));
                POSIX_SAVE.replace("@UNCHANGED@\n", &unchanged)
            }
        };
        // The status of the script is that of the save, whether it succeeds or not.
        format!(
            "(\n__octobot_status=$?\n(\n{body}printf '%s' '{COMPLETE}'\n) >{new_state}\nexit \"$__octobot_status\"\n)\n"
        )
    }
}

/// Colours where the output is shown, and only there: in a pipe or a file they would be taken for content.
const BASH_COMFORT: &str = r#"unset -v BASH_EXECUTION_STRING
shopt -s expand_aliases
ls() {
    if [[ -p /dev/stdout && /dev/stdout -ef /proc/$$/fd/1 ]]; then
        command ls --color=always "$@"
    else
        command ls "$@"
    fi
}
git() {
    if [[ -p /dev/stdout && /dev/stdout -ef /proc/$$/fd/1 ]]; then
        command git -c color.ui=always "$@"
    else
        command git "$@"
    fi
}
"#;

/// `errexit`, `nounset`, `xtrace`, `verbose` and `noexec` aren't kept: they say how one script is to be run, and the
/// next prompt would stop at its first command that fails. Neither are positional parameters and traps.
const BASH_SAVE: &str = r#"builtin set +eu
builtin trap - EXIT ERR DEBUG RETURN
builtin printf 'builtin cd -- %q 2>/dev/null || builtin printf "%%s\\n" %q\n' "$PWD" \
    "The folder $PWD is gone. This runs in the workspace."
builtin umask -p
[[ -v IFS ]] && builtin declare -p IFS
IFS=$' \t\n'
@UNSET@
for __octobot in $(builtin compgen -v); do
case $__octobot in
__octobot*|OCTOBOT_*|IFS|PWD|_|BASH|BASHOPTS|BASHPID|BASH_*|COMP_*|DIRSTACK|EPOCHREALTIME|EPOCHSECONDS) continue ;;
EUID|FUNCNAME|GROUPS|HISTCMD|HOSTNAME|HOSTTYPE|LINENO|MACHTYPE|OPTERR|OPTIND|OSTYPE|PIPESTATUS|PPID) continue ;;
RANDOM|SECONDS|SHELLOPTS|SHLVL|SRANDOM|UID) continue ;;
PS4) [[ $PS4 == '+ ' ]] && continue ;;
@UNCHANGED@
esac
[[ ${!__octobot@a} == *r* ]] && continue
builtin declare -p "$__octobot"
done
for __octobot in ls git; do
[[ $(builtin declare -f "$__octobot") == *'/dev/stdout -ef /proc/$$/fd/1'* ]] && builtin unset -f "$__octobot"
done
builtin printf 'shopt -s extglob\n'
builtin declare -f
builtin declare -Fx
builtin alias -p
builtin shopt -p
builtin shopt -po allexport braceexpand errtrace functrace hashall keyword noclobber noglob physical pipefail
"#;

const POSIX_GO_BACK: &str = r#"if [ -n "${OCTOBOT_FOLDER-}" ]; then
    cd -- "$OCTOBOT_FOLDER" 2>/dev/null || echo "The folder $OCTOBOT_FOLDER is gone. This runs in the workspace."
    unset OCTOBOT_FOLDER
fi
"#;

const POSIX_SAVE: &str = r#"set +eu
OCTOBOT_FOLDER=$PWD
export OCTOBOT_FOLDER
unset PWD OLDPWD SHLVL _ OCTOBOT_TURN OCTOBOT_ATTACHMENTS __octobot_status
@UNCHANGED@
printf 'umask %s\n' "$(umask)"
export -p
"#;

/// A text as one word for a shell.
fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quoted_word_survives_the_shell() {
        let word = "a'b $c \"d\"\n`e`\\";
        let output = std::process::Command::new("sh").args(["-c", &format!("printf %s {}", quote(word))]).output();
        assert_eq!(String::from_utf8(output.unwrap().stdout).unwrap(), word);
    }
}
