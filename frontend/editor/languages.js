// Languages by the names of files. Each is fetched when a file is in it; a file in none of them is plain text.

import { StreamLanguage } from '@codemirror/language';

const stream = (load, name) => async () => StreamLanguage.define((await load())[name]);

const javascript = (options) => async () => (await import('@codemirror/lang-javascript')).javascript(options);
const cpp = async () => (await import('@codemirror/lang-cpp')).cpp();
const html = async () => (await import('@codemirror/lang-html')).html();
const xml = async () => (await import('@codemirror/lang-xml')).xml();
const yaml = async () => (await import('@codemirror/lang-yaml')).yaml();
const json = async () => (await import('@codemirror/lang-json')).json();
const css = async () => (await import('@codemirror/lang-css')).css();
const python = async () => (await import('@codemirror/lang-python')).python();
const markdown = async () => {
  const { markdown, markdownLanguage } = await import('@codemirror/lang-markdown');
  return markdown({ base: markdownLanguage });
};
const shell = stream(() => import('@codemirror/legacy-modes/mode/shell'), 'shell');
const toml = stream(() => import('@codemirror/legacy-modes/mode/toml'), 'toml');
const ruby = stream(() => import('@codemirror/legacy-modes/mode/ruby'), 'ruby');
const clike = (name) => stream(() => import('@codemirror/legacy-modes/mode/clike'), name);

const BY_NAME = {
  dockerfile: stream(() => import('@codemirror/legacy-modes/mode/dockerfile'), 'dockerFile'),
  'cargo.lock': toml,
  gemfile: ruby,
  rakefile: ruby,
  '.bashrc': shell,
  '.profile': shell,
};

const BY_EXTENSION = {
  bash: shell,
  c: cpp,
  cc: cpp,
  cjs: javascript({ jsx: true }),
  cpp,
  cs: clike('csharp'),
  css,
  cxx: cpp,
  diff: stream(() => import('@codemirror/legacy-modes/mode/diff'), 'diff'),
  go: async () => (await import('@codemirror/lang-go')).go(),
  h: cpp,
  hpp: cpp,
  htm: html,
  html,
  java: async () => (await import('@codemirror/lang-java')).java(),
  js: javascript({ jsx: true }),
  json,
  jsonc: json,
  jsx: javascript({ jsx: true }),
  kt: clike('kotlin'),
  kts: clike('kotlin'),
  lua: stream(() => import('@codemirror/legacy-modes/mode/lua'), 'lua'),
  markdown,
  md: markdown,
  mjs: javascript({ jsx: true }),
  mts: javascript({ typescript: true }),
  patch: stream(() => import('@codemirror/legacy-modes/mode/diff'), 'diff'),
  php: async () => (await import('@codemirror/lang-php')).php(),
  pl: stream(() => import('@codemirror/legacy-modes/mode/perl'), 'perl'),
  properties: stream(() => import('@codemirror/legacy-modes/mode/properties'), 'properties'),
  ps1: stream(() => import('@codemirror/legacy-modes/mode/powershell'), 'powerShell'),
  py: python,
  pyi: python,
  rb: ruby,
  rs: async () => (await import('@codemirror/lang-rust')).rust(),
  scala: clike('scala'),
  scss: css,
  sh: shell,
  sql: async () => (await import('@codemirror/lang-sql')).sql(),
  svg: xml,
  swift: stream(() => import('@codemirror/legacy-modes/mode/swift'), 'swift'),
  toml,
  ts: javascript({ typescript: true }),
  tsx: javascript({ jsx: true, typescript: true }),
  xml,
  yaml,
  yml: yaml,
  zsh: shell,
};

/** The language of a file with this name; nothing where none is known, or where it can't be fetched now. */
export async function languageOf(name) {
  const lower = name.toLowerCase();
  const extension = lower.slice(lower.lastIndexOf('.') + 1);
  const load = own(BY_NAME, lower) ?? own(BY_EXTENSION, extension);
  try {
    return await load?.();
  } catch {
    return undefined;
  }
}

// A file may be called like what every object has.
function own(table, name) {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}
