//! Text out of HTML, by the browser's own parser.

/// The text of lines of HTML that the server has sanitised. The elements are never put into the document.
pub fn text_of_html_lines(lines: &[String]) -> String {
    let Ok(holder) = leptos::prelude::document().create_element("pre") else { return String::new() };
    // An HTML parser drops a first line break directly inside a <pre>; the space keeps it.
    holder.set_inner_html(&format!(" {}", lines.join("\n")));
    holder.text_content().unwrap_or_default().split_off(1)
}
