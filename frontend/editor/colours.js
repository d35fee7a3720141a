// The colours of code: the classes that the server gives what it renders, so that a file looks the same when it is edited.

import { HighlightStyle } from '@codemirror/language';
import { tags } from '@lezer/highlight';

export const colours = HighlightStyle.define([
  { tag: [tags.comment, tags.meta, tags.quote], class: 'hl-comment' },
  { tag: [tags.string, tags.regexp, tags.special(tags.string)], class: 'hl-string' },
  { tag: [tags.number, tags.bool, tags.null, tags.atom], class: 'hl-number' },
  { tag: [tags.constant(tags.name), tags.standard(tags.name), tags.escape], class: 'hl-constant' },
  { tag: [tags.keyword, tags.modifier, tags.operatorKeyword, tags.heading], class: 'hl-keyword' },
  { tag: [tags.function(tags.variableName), tags.function(tags.propertyName), tags.macroName, tags.link], class: 'hl-function' },
  { tag: [tags.typeName, tags.className, tags.namespace, tags.tagName], class: 'hl-type' },
  { tag: [tags.attributeName, tags.propertyName, tags.labelName], class: 'hl-attribute' },
  { tag: tags.inserted, class: 'hl-inserted' },
  { tag: tags.deleted, class: 'hl-deleted' },
]);
