// CodeMirror in the page: an editor for one file, made to keep the page's content security policy. The build bundles it with
// what it imports; languages are fetched when a file is in one of them.

import { defaultKeymap, history, historyKeymap, indentWithTab } from '@codemirror/commands';
import { bracketMatching, foldGutter, foldKeymap, indentOnInput, indentUnit, syntaxHighlighting } from '@codemirror/language';
import { unifiedMergeView } from '@codemirror/merge';
import { highlightSelectionMatches, search, searchKeymap } from '@codemirror/search';
import { Compartment, EditorState, Transaction } from '@codemirror/state';
import {
  EditorView,
  crosshairCursor,
  drawSelection,
  dropCursor,
  highlightActiveLine,
  highlightActiveLineGutter,
  highlightSpecialChars,
  keymap,
  lineNumbers,
  rectangularSelection,
} from '@codemirror/view';

import { colours } from './colours.js';
import { languageOf } from './languages.js';

// A draft is told when nothing was typed for so long, in milliseconds, and when the page goes.
const PAUSE = 300;

/**
 * Opens an editor in an element. `saved` is what the file has, `text` what is edited. `listener` is called with a word for what
 * happens as its second argument: `save` when the text is to be saved, `draft` when it is another than what the file has and is to be
 * kept, `clean` when it isn't any more. Of a draft the first argument is the text.
 */
export function open(host, name, saved, text, listener) {
  return new Editor(host, name, saved, text, listener);
}

class Editor {
  constructor(host, name, saved, text, listener) {
    this.listener = listener;
    this.language = new Compartment();
    this.merge = new Compartment();
    this.isDirty = false;
    const state = EditorState.create({ doc: text, extensions: this.extensions(saved) });
    this.saved = state.toText(saved);
    this.view = new EditorView({ state, parent: host });
    this.onHide = () => this.tellDraft();
    addEventListener('pagehide', this.onHide);
    this.compareWithSaved();
    languageOf(name).then((language) => {
      if (language && this.view) this.view.dispatch({ effects: this.language.reconfigure(language) });
    });
  }

  extensions(text) {
    return [
      EditorView.cspNonce.of(document.querySelector('script[nonce]')?.nonce ?? ''),
      // A file keeps its line ends: what isn't one of these stays a character of its line.
      EditorState.lineSeparator.of(/\r\n/.test(text) && !/(^|[^\r])\n/.test(text) ? '\r\n' : '\n'),
      indentUnit.of(unitOf(text)),
      EditorState.tabSize.of(4),
      EditorState.allowMultipleSelections.of(true),
      EditorView.contentAttributes.of({ 'aria-label': 'Text of the file. Escape, then Tab leaves it.' }),
      lineNumbers(),
      foldGutter(),
      highlightActiveLine(),
      highlightActiveLineGutter(),
      highlightSpecialChars(),
      history(),
      drawSelection(),
      dropCursor(),
      indentOnInput(),
      bracketMatching(),
      rectangularSelection(),
      crosshairCursor(),
      highlightSelectionMatches(),
      search({ top: true }),
      syntaxHighlighting(colours),
      keymap.of([
        { key: 'Mod-s', preventDefault: true, run: () => this.tell('save') },
        indentWithTab,
        ...defaultKeymap,
        ...historyKeymap,
        ...foldKeymap,
        ...searchKeymap,
      ]),
      this.language.of([]),
      this.merge.of([]),
      EditorView.updateListener.of((update) => {
        if (update.docChanged) this.changed();
      }),
    ];
  }

  /** What is in the editor. `settle` takes it for what is in the file. */
  text() {
    this.taken = this.view.state.doc;
    return this.view.state.sliceDoc();
  }

  /** What was taken last is saved. */
  settle() {
    this.saved = this.taken;
    this.compareWithSaved();
  }

  /** The file has another text, which the editor takes. The cursor stays as far as it can. */
  replace(text) {
    const { state } = this.view;
    this.saved = state.toText(text);
    this.show(undefined);
    this.view.dispatch({
      changes: difference(state.doc, this.saved),
      annotations: Transaction.addToHistory.of(false),
    });
    this.compareWithSaved();
    clearTimeout(this.timer);
    this.hasDraft = false;
  }

  /** Shows what is different in another text, line by line; or nothing of that any more. */
  show(other) {
    const shown =
      other === undefined ? [] : unifiedMergeView({ original: this.view.state.toText(other), mergeControls: choice });
    this.view.dispatch({ effects: this.merge.reconfigure(shown) });
  }

  /** The file is known to have another text than what is edited began with. */
  diverge(text) {
    this.saved = this.view.state.toText(text);
    this.compareWithSaved();
  }

  focus() {
    this.view.focus();
  }

  close() {
    removeEventListener('pagehide', this.onHide);
    this.tellDraft();
    clearTimeout(this.timer);
    this.view.destroy();
    this.view = undefined;
  }

  changed() {
    this.compareWithSaved();
    clearTimeout(this.timer);
    this.hasDraft = this.isDirty;
    this.timer = setTimeout(() => this.tellDraft(), PAUSE);
  }

  compareWithSaved() {
    const isDirty = !this.view.state.doc.eq(this.saved);
    if (isDirty !== this.isDirty) {
      this.isDirty = isDirty;
      this.hasDraft = isDirty;
      if (isDirty) this.tellDraft();
      else this.tell('clean');
    }
  }

  tellDraft() {
    if (!this.hasDraft) return;
    this.hasDraft = false;
    this.listener(this.view.state.sliceDoc(), 'draft');
  }

  tell(word) {
    this.listener(undefined, word);
    return true;
  }
}

/** The one change that makes a text of another. */
function difference(old, now) {
  if (old.eq(now)) return [];
  const [a, b] = [old.toString(), now.toString()];
  const most = Math.min(a.length, b.length);
  let start = 0;
  while (start < most && a[start] === b[start]) start++;
  let end = 0;
  while (end < most - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end++;
  return { from: start, to: a.length - end, insert: now.slice(start, b.length - end) };
}

/** The button that keeps what is edited in one place, or takes what the other text has there. */
function choice(kind, choose) {
  const button = document.createElement('button');
  button.type = 'button';
  button.name = kind;
  button.className = 'button button--small';
  button.textContent = kind === 'accept' ? 'Keep mine here' : 'Take theirs here';
  button.onclick = choose;
  return button;
}

/** What a line of this text is indented by. */
function unitOf(text) {
  const indented = /^(\t| {2,8})\S/m.exec(text);
  return indented ? indented[1] : '    ';
}
