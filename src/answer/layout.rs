//! Layouts: the templates that arrange what is known about a finding or a batch.
//!
//! Layouts are minijinja files below `templates/`, one per format. Unlike articles they are trusted to write markup; every
//! value they print is escaped for their format, except sections that an article [`Writer`](super::article::Writer) has
//! already rendered. In text layouts the filter `style` sets terminal styles, which come out only where they are wanted.

use minijinja::syntax::SyntaxConfig;
use minijinja::{AutoEscape, Environment, Error, ErrorKind, Output, State, Value};

use crate::answer::article::AnswerFormat;
use crate::answer::escape;
use crate::rule::faultbook::Templates;
use crate::rule::language::{FUEL, environment};

/// A layout arranges whole reports: as much fuel as for this many articles.
const LAYOUT_FUEL: u64 = 1_000 * FUEL;

/// Why a layout could not be rendered.
#[derive(Debug, thiserror::Error)]
#[error("layout `{name}`: {reason}")]
pub struct LayoutError {
    /// The file below `templates/`.
    pub name: String,
    /// What the template engine says.
    pub reason: String,
}

/// The layouts for one format.
pub struct Layouts {
    environment: Environment<'static>,
    ending: &'static str,
}

impl Layouts {
    /// Finds layouts in a faultbook's template folders, then among the shipped ones.
    pub fn new(templates: &Templates, format: &AnswerFormat) -> Self {
        let mut environment = environment();
        environment.set_fuel(Some(LAYOUT_FUEL));
        // A tag on a line of its own leaves no line behind.
        let mut syntax = SyntaxConfig::builder();
        syntax.trim_blocks(true).lstrip_blocks(true).keep_trailing_newline(true);
        environment.set_syntax(syntax.build().unwrap_or_default());
        let folders = templates.clone();
        environment.set_loader(move |name| Ok(folders.find(name).map(|file| file.text().to_owned())));
        let (ending, escaping, styled) = match format {
            AnswerFormat::Markdown => ("md", "markdown", false),
            AnswerFormat::Html => ("html", "html", false),
            AnswerFormat::Text(options) => ("txt", "text", options.styled),
        };
        environment.set_auto_escape_callback(move |_| AutoEscape::Custom(escaping.into()));
        environment.set_formatter(escaped);
        environment.add_filter("style", move |state: &State, value: &Value, style: &str| {
            styled_value(state, value, style, styled)
        });
        environment.add_filter("pad", pad);
        // for articles that are rendered already, where they do not come as such
        environment.add_filter("safe", minijinja::filters::safe);
        environment.add_filter("urlencode", minijinja::filters::urlencode);
        environment.add_filter("code", move |value: &str| Value::from_safe_string(code_span(value, escaping)));
        environment.add_filter("wording", move |value: &str| Value::from_safe_string(wording(value, escaping)));
        environment.add_filter("url", |url: &str| Value::from_safe_string(link_target(url)));
        Self { environment, ending }
    }

    /// Renders the layout `name` (without its ending).
    pub fn render(&self, name: &str, context: Value) -> Result<String, LayoutError> {
        let name = format!("{name}.{}", self.ending);
        let rendered = self.environment.get_template(&name).and_then(|template| template.render(context));
        rendered.map_err(|error| LayoutError { name, reason: error.to_string() })
    }
}

fn escaped(output: &mut Output, state: &mut State, value: &Value) -> Result<(), Error> {
    output.write_str(&escaped_text(state, value)).map_err(Error::from)
}

fn escaped_text(state: &State, value: &Value) -> String {
    let text = if value.is_none() || value.is_undefined() { String::new() } else { value.to_string() };
    match state.auto_escape() {
        _ if value.is_safe() => text,
        AutoEscape::Custom(escaping) => escaped_for(&text, escaping),
        _ => escaped_for(&text, "text"),
    }
}

fn escaped_for(text: &str, escaping: &str) -> String {
    match escaping {
        // the same in text and in quoted attributes, which layouts always quote
        "html" => escape::html_text(text).replace('"', "&quot;").replace('\'', "&#39;"),
        "markdown" => escape::markdown_text(text),
        _ => escape::terminal(text).into_owned(),
    }
}

/// `{{ title|style("bold") }}`: terminal styles, separated by spaces.
fn styled_value(state: &State, value: &Value, style: &str, styled: bool) -> Result<Value, Error> {
    let text = escaped_text(state, value);
    if !styled {
        return Ok(Value::from_safe_string(text));
    }
    let codes: Option<Vec<&str>> = style.split_whitespace().map(code).collect();
    match codes {
        Some(codes) => Ok(Value::from_safe_string(format!("\u{1b}[{}m{text}\u{1b}[0m", codes.join(";")))),
        None => Err(Error::new(ErrorKind::InvalidOperation, format!("`{style}` is not a style"))),
    }
}

/// The SGR parameters of ECMA-48 that layouts use. Severities and states are styles of their own, so that a layout can say
/// `style(finding.severity)`.
fn code(style: &str) -> Option<&'static str> {
    Some(match style {
        "bold" => "1",
        "dim" => "2",
        "red" | "error" => "31",
        "critical" => "1;31",
        "yellow" | "warning" => "33",
        "green" | "ok" => "32",
        "cyan" | "info" => "36",
        _ => return None,
    })
}

/// `{{ expression|code }}`: what is to be read letter by letter.
fn code_span(value: &str, escaping: &str) -> String {
    match escaping {
        "html" => format!("<code>{}</code>", escape::html_text(value)),
        "markdown" => {
            let value = escape::one_line(value);
            let is_taken = |length: &usize| value.split(|c| c != '`').any(|run| run.len() == *length);
            let delimiter = "`".repeat((1..).find(|length| !is_taken(length)).unwrap_or(1));
            // the parser takes these spaces away again
            let pad =
                if value.starts_with(['`', ' ']) || value.ends_with(['`', ' ']) || value.is_empty() { " " } else { "" };
            format!("{delimiter}{pad}{value}{pad}{delimiter}")
        }
        _ => format!("`{}`", escape::terminal(value)),
    }
}

/// `{{ question.ask|wording }}`: what an author wrote where Markdown is not read, except that what stands between backticks is code.
fn wording(value: &str, escaping: &str) -> String {
    // nothing stays nothing: by itself it would get a mark that it may stand anywhere in Markdown
    let text = |text: &str| if text.is_empty() { String::new() } else { escaped_for(text, escaping) };
    let mut written = String::with_capacity(value.len());
    let mut rest = value;
    while let Some((before, code, after)) = first_code(rest) {
        // a blank beside code stays one: by itself it would be escaped at the end of a text
        let (before, blank) = before.strip_suffix(' ').map_or((before, ""), |before| (before, " "));
        written.extend([&text(before), blank, &code_span(code, escaping)]);
        rest = after.strip_prefix(' ').unwrap_or(after);
        written.extend((rest.len() < after.len()).then_some(" "));
    }
    written + &text(rest)
}

/// What stands before the first code, the code, and what stands behind it.
fn first_code(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once('`')?;
    let (code, after) = rest.split_once('`')?;
    (!code.is_empty()).then_some((before, code, after))
}

/// An author's address between `<` and `>` in Markdown: what could end it there is percent-encoded.
fn link_target(url: &str) -> String {
    url.replace('<', "%3C").replace('>', "%3E").replace('\\', "%5C").replace(['\n', '\r'], "")
}

/// `{{ text|pad(12) }}`: at least so many columns, filled with spaces; measured before escaping, so put it first.
fn pad(value: &Value, width: usize) -> String {
    let text = value.to_string();
    let missing = width.saturating_sub(unicode_width::UnicodeWidthStr::width(text.as_str()));
    text + &" ".repeat(missing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_in_the_wording_of_a_question_is_code() {
        let ask = "Does `df -h <path>` *say* 100 %?";
        assert_eq!(wording(ask, "html"), "Does <code>df -h &lt;path&gt;</code> *say* 100 %?");
        assert_eq!(wording(ask, "text"), ask);
        assert!(wording(ask, "markdown").starts_with("Does `df -h <path>` \\*say"), "{}", wording(ask, "markdown"));
        assert_eq!(wording("`a` `b`", "markdown"), "`a` `b`");
        for plain in ["", "`", "a ` b", "``"] {
            assert!(!wording(plain, "html").contains("code"), "{plain}");
            assert_eq!(wording(plain, "text"), plain);
        }
        assert_eq!(wording("`<b>` <i>`</i>", "html"), "<code>&lt;b&gt;</code> &lt;i&gt;`&lt;/i&gt;");
    }
}
