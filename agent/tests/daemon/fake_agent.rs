//! An agent for tests: it speaks the Agent Client Protocol and does what its prompt says, one instruction a line.
//!
//! The variable `FAKE_AGENT` makes it start in another way than it should.

#![expect(clippy::unwrap_used, reason = "an agent that can't go on dies")]
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "that is how it speaks")]

use std::io::{BufRead as _, Write as _};
use std::path::PathBuf;
use std::process::{Command, exit};
use std::time::Duration;

use serde_json::{Value, json};

fn main() {
    let fault = std::env::var("FAKE_AGENT").unwrap_or_default();
    match fault.as_str() {
        "exit" => {
            eprintln!("first words\ncan't find the model");
            exit(3);
        }
        "hang" => loop {
            std::thread::sleep(Duration::from_secs(1));
        },
        "deaf" => {
            println!("I am ready!");
            std::thread::sleep(Duration::from_secs(1000));
        }
        "noise" => {
            print!("{}", "x".repeat(5_000_000));
            println!("\n\nLoading…\n{{not json\n[1]");
        }
        _ => {}
    }
    let mut agent =
        Agent { last_id: 0, thread: String::new(), cancelled: false, mode: "ask".to_owned(), calls: 0, fault };
    while let Some(message) = agent.read() {
        agent.serve(&message);
    }
}

struct Agent {
    last_id: u64,
    thread: String,
    cancelled: bool,
    mode: String,
    calls: u32,
    fault: String,
}

impl Agent {
    fn read(&mut self) -> Option<Value> {
        let mut line = String::new();
        if std::io::stdin().lock().read_line(&mut line).unwrap() == 0 {
            return None;
        }
        let message: Value = serde_json::from_str(&line).unwrap();
        if message["method"] == "session/cancel" {
            self.cancelled = true;
        }
        Some(message)
    }

    fn update(&self, update: &Value) {
        send(json!({"method": "session/update", "params": {"sessionId": self.thread, "update": update}}));
    }

    fn say(&self, text: &str) {
        self.update(&json!({"sessionUpdate": "agent_message_chunk", "content": {"type": "text", "text": text}}));
    }

    /// Asks the client and waits for the answer.
    fn ask(&mut self, method: &str, params: &Value) -> Value {
        self.last_id += 1;
        let id = self.last_id;
        send(json!({"id": id, "method": method, "params": params}));
        loop {
            let message = self.read().unwrap_or_else(|| exit(0));
            if message["id"] == id && message.get("method").is_none() {
                return message;
            }
        }
    }

    fn serve(&mut self, message: &Value) {
        let (id, params) = (&message["id"], &message["params"]);
        let result = match message["method"].as_str().unwrap_or_default() {
            "initialize" => Ok(self.initialize()),
            "authenticate" if params["methodId"] == "key" => Ok(json!({})),
            "session/new" if self.fault == "auth" => Err(json!({"code": -32000, "message": "Authentication required"})),
            "session/new" => {
                self.thread = format!("thread-{}", std::process::id());
                std::fs::create_dir_all(threads()).unwrap();
                std::fs::write(threads().join(&self.thread), "").unwrap();
                Ok(self.opened())
            }
            "session/load" | "session/resume" => {
                params["sessionId"].as_str().unwrap().clone_into(&mut self.thread);
                if threads().join(&self.thread).exists() {
                    if message["method"] == "session/load" {
                        self.say("This was said before.");
                    }
                    Ok(self.opened())
                } else {
                    Err(json!({"code": -32002, "message": "Resource not found"}))
                }
            }
            "session/set_mode" => {
                params["modeId"].as_str().unwrap().clone_into(&mut self.mode);
                Ok(json!({}))
            }
            "session/prompt" => self.work(params),
            "session/cancel" => return,
            method => panic!("{method}"),
        };
        send(match result {
            Ok(result) => json!({"id": id, "result": result}),
            Err(error) => json!({"id": id, "error": error}),
        });
    }

    fn initialize(&self) -> Value {
        let version = if self.fault == "newer" { 7 } else { 1 };
        let sessions = if self.fault == "load" { json!({}) } else { json!({"resume": {}}) };
        json!({
            "protocolVersion": version,
            "agentCapabilities": {
                "loadSession": self.fault != "forgetful",
                "promptCapabilities": {"image": true},
                "sessionCapabilities": if self.fault == "forgetful" { json!({}) } else { sessions },
            },
            "authMethods": [{"id": "key", "name": "A key"}],
        })
    }

    fn opened(&self) -> Value {
        let modes = json!([{"id": "ask", "name": "Ask"}, {"id": "auto", "name": "Auto"}]);
        json!({"sessionId": self.thread, "modes": {"currentModeId": self.mode, "availableModes": modes}})
    }

    fn work(&mut self, params: &Value) -> Result<Value, Value> {
        self.cancelled = false;
        let blocks = params["prompt"].as_array().unwrap().clone();
        let script = blocks
            .iter()
            .filter_map(|block| block["text"].as_str())
            .find(|text| !text.starts_with('<'))
            .unwrap()
            .to_owned();
        let file = threads().join(&self.thread);
        let before = std::fs::read_to_string(&file).unwrap();
        std::fs::write(&file, format!("{before}prompt\n")).unwrap();
        for line in script.lines() {
            let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
            match word {
                "prompts" => self.say(&format!("{} prompts before", before.lines().count())),
                "blocks" => self.say(&serde_json::to_string(&blocks).unwrap()),
                "refuse" => {
                    return Err(json!({"code": -32603, "message": "Internal error", "data": {"details": rest}}));
                }
                _ => self.follow(word, rest),
            }
            if self.cancelled {
                return Ok(json!({"stopReason": "cancelled"}));
            }
        }
        let usage = json!({"totalTokens": 12, "inputTokens": 7, "outputTokens": 5, "cachedReadTokens": 3});
        Ok(json!({"stopReason": "end_turn", "usage": usage}))
    }

    fn follow(&mut self, word: &str, rest: &str) {
        match word {
            "say" => self.say(rest),
            "think" => {
                self.update(
                    &json!({"sessionUpdate": "agent_thought_chunk", "content": {"type": "text", "text": rest}}),
                );
            }
            "plan" => {
                let entry = |text| json!({"content": text, "status": "pending", "priority": "high"});
                let entries: Vec<_> = rest.split('|').map(entry).collect();
                self.update(&json!({"sessionUpdate": "plan", "entries": entries}));
            }
            "mode" => self.say(&format!("mode {}", self.mode)),
            "env" => self.say(&format!("{rest}={}", std::env::var(rest).unwrap_or_default())),
            "pid" => self.say(&format!("pid {}", std::process::id())),
            "edit" => self.edit(rest),
            "permission" => self.permission(rest),
            "read" => {
                let params = json!({"sessionId": self.thread, "path": rest});
                let answer = self.ask("fs/read_text_file", &params);
                self.say(&format!("{}", answer.get("result").unwrap_or(&answer["error"]["code"])));
            }
            "write" => {
                let (path, content) = rest.split_once(' ').unwrap();
                let params = json!({"sessionId": self.thread, "path": path, "content": content});
                let answer = self.ask("fs/write_text_file", &params);
                self.say(&format!("{}", answer.get("result").unwrap_or(&answer["error"]["code"])));
            }
            "run" => self.run(rest),
            "spawn" => drop(Command::new("setsid").args(["sh", "-c", rest]).spawn().unwrap()),
            "noise" => {
                print!("{}", "y".repeat(rest.parse().unwrap()));
                println!();
                eprintln!("{}", "z".repeat(rest.parse().unwrap()));
            }
            "exit" => {
                eprintln!("dying words");
                exit(rest.parse().unwrap());
            }
            "wait" => while !self.cancelled && self.read().is_some() {},
            "stubborn" => loop {
                std::thread::sleep(Duration::from_secs(1));
            },
            "sleep" => std::thread::sleep(Duration::from_millis(rest.parse().unwrap())),
            _ => self.say(&format!("I don't know how to {word}.")),
        }
    }

    fn edit(&mut self, path: &str) {
        self.calls += 1;
        let call = format!("call-{}", self.calls);
        self.update(&json!({"sessionUpdate": "tool_call", "toolCallId": call, "title": "Preparing…", "kind": "edit",
            "status": "pending", "rawInput": {}}));
        for length in 1..=20 {
            let text = "line\n".repeat(length);
            self.update(
                &json!({"sessionUpdate": "tool_call_update", "toolCallId": call, "title": format!("Edit {path}"),
                "rawInput": {"path": path, "text": text}, "locations": [{"path": path, "line": 1}],
                "content": [{"type": "diff", "path": path, "oldText": null, "newText": text}]}),
            );
        }
        self.update(&json!({"sessionUpdate": "tool_call_update", "toolCallId": call, "status": "completed"}));
    }

    fn permission(&mut self, title: &str) {
        self.calls += 1;
        let call = json!({"toolCallId": format!("call-{}", self.calls), "title": title, "kind": "execute",
            "rawInput": {"command": title}});
        let options = json!([{"optionId": "yes", "name": "Yes", "kind": "allow_once"},
            {"optionId": "no", "name": "No", "kind": "reject_once"}]);
        let params = json!({"sessionId": self.thread, "toolCall": call, "options": options});
        let answer = self.ask("session/request_permission", &params)["result"]["outcome"].clone();
        let status = if answer["optionId"] == "yes" { "completed" } else { "failed" };
        self.update(&json!({"sessionUpdate": "tool_call_update", "toolCallId": call["toolCallId"], "status": status,
            "rawOutput": format!("printed by {title}")}));
        self.say(&format!("answered {}", answer["optionId"].as_str().unwrap_or("nothing")));
    }

    fn run(&mut self, command: &str) {
        self.calls += 1;
        let call = format!("call-{}", self.calls);
        let answer = self.ask("terminal/create", &json!({"sessionId": self.thread, "command": command}));
        let terminal = answer["result"]["terminalId"].clone();
        self.update(&json!({"sessionUpdate": "tool_call", "toolCallId": call, "title": command, "kind": "execute",
            "status": "in_progress", "rawInput": {"command": command},
            "content": [{"type": "terminal", "terminalId": terminal}]}));
        let params = json!({"sessionId": self.thread, "terminalId": terminal});
        let exit = self.ask("terminal/wait_for_exit", &params)["result"].clone();
        let output = self.ask("terminal/output", &params)["result"]["output"].clone();
        self.ask("terminal/release", &params);
        self.update(&json!({"sessionUpdate": "tool_call_update", "toolCallId": call, "status": "completed"}));
        self.say(&format!("exit {} output {output}", exit["exitCode"]));
    }
}

fn send(mut message: Value) {
    message["jsonrpc"] = json!("2.0");
    let mut out = std::io::stdout().lock();
    writeln!(out, "{message}").unwrap();
    out.flush().unwrap();
}

/// A file for each thread, with a line for each prompt.
fn threads() -> PathBuf {
    PathBuf::from(std::env::var("HOME").unwrap()).join("threads")
}
