// A chat of the AI SDK, as a React component has it, for the tests in `end2end/tests/chat.rs`.
//
//     node chat.mjs <address of the chat> <whether to resume: true or false>
//
// Reads commands from standard input, one JSON object a line, and prints what the component would show whenever that
// changes, one JSON object a line. The packages are used as they are: only the address is told to them.

import { createInterface } from 'node:readline';
import { useChat } from '@ai-sdk/react';
import { DefaultChatTransport, lastAssistantMessageIsCompleteWithApprovalResponses } from 'ai';
import { createElement, useEffect } from 'react';
import { create } from 'react-test-renderer';

const [api, resume] = process.argv.slice(2);
const transport = new DefaultChatTransport({ api });
let chat;

function Chat() {
  chat = useChat({
    transport,
    resume: resume === 'true',
    sendAutomaticallyWhen: lastAssistantMessageIsCompleteWithApprovalResponses,
    onFinish: ({ isAbort, isDisconnect, isError, finishReason }) =>
      print({ finished: { isAbort, isDisconnect, isError, finishReason } }),
  });
  const { messages, status, error } = chat;
  useEffect(() => print({ messages, status, error: error?.message }), [messages, status, error]);
  return null;
}

function print(value) {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

const commands = {
  send: ({ text, files }) => chat.sendMessage({ text, files }),
  regenerate: () => chat.regenerate(),
  stop: () => chat.stop(),
  resume: () => chat.resumeStream(),
  answer: ({ id, approved, reason }) => chat.addToolApprovalResponse({ id, approved, reason }),
};

create(createElement(Chat));
for await (const line of createInterface({ input: process.stdin })) {
  const { command, ...options } = JSON.parse(line);
  // Not awaited: a chat can be stopped while it sends.
  void commands[command](options);
}
process.exit();
