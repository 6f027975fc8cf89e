//! The page: templates, and what they may use.
//!
//! Every text goes through one place on its way into the page: what cannot be seen is written out,
//! and what HTML would read as markup is escaped.

use handover_schemas::digest::Digest;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Serde, Value};
use minijinja::{
    AutoEscape, Environment, Error, ErrorKind, UndefinedBehavior, context, escape_formatter,
};

use super::language::Language;
use super::shown::shown;
use super::view::View;

/// The style sheet.
pub(super) const STYLE: &str = include_str!("templates/style.css");

/// The templates, by name.
const TEMPLATES: [(&str, &str); 14] = [
    ("page.html", include_str!("templates/page.html")),
    ("body.html", include_str!("templates/body.html")),
    ("parts.html", include_str!("templates/parts.html")),
    ("verdict.html", include_str!("templates/verdict.html")),
    ("signatures.html", include_str!("templates/signatures.html")),
    ("database.html", include_str!("templates/database.html")),
    ("timeline.html", include_str!("templates/timeline.html")),
    ("deliverables.html", include_str!("templates/deliverables.html")),
    ("purges.html", include_str!("templates/purges.html")),
    ("figures.html", include_str!("templates/figures.html")),
    ("findings.html", include_str!("templates/findings.html")),
    ("not_checked.html", include_str!("templates/not_checked.html")),
    ("recheck.html", include_str!("templates/recheck.html")),
    ("identifiers.html", include_str!("templates/identifiers.html")),
];

/// The whole page, in both languages.
pub(super) fn render(view: &View<'_>) -> Result<String, Error> {
    let view_value = Value::from(Serde(view));
    let mut bodies = Vec::new();
    for language in Language::ALL {
        let body = environment(language)?.get_template("body.html")?.render(view_value.clone())?;
        bodies.push((language.tag(), Value::from_safe_string(body)));
    }
    // What belongs to a page on paper stands at its foot.
    let style = STYLE.replace("STATEMENT", &view.statement.to_string());
    let page = environment(Language::Vietnamese)?;
    page.get_template("page.html")?.render(context! {
        bodies,
        style_digest => style_digest(&style),
        style => Value::from_safe_string(style),
        ..view_value
    })
}

/// The templates, as one language sees them.
fn environment(language: Language) -> Result<Environment<'static>, Error> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_name| AutoEscape::Html);
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?;
    environment.set_syntax(syntax);
    environment.set_formatter(|out, state, value| match value.as_str() {
        Some(text) if !value.is_safe() => {
            escape_formatter(out, state, &Value::from(shown(text).as_ref()))
        }
        _ => escape_formatter(out, state, value),
    });
    environment.add_global("lang", language.tag());
    environment.add_function("t", move |vi: Value, en: Value| language.pick(vi, en));
    environment.add_function("say", move |both: Value| both.get_attr(language.tag()));
    environment.add_filter("number", move |value: Value| language.number(&value.to_string()));
    environment.add_filter("size", move |value: Value| language.size(&value.to_string()));
    environment.add_filter("moment", move |value: Value| language.moment(&value.to_string()));
    environment.add_filter("day", move |value: Value| language.day(&value.to_string()));
    environment.add_filter("chart", move |charts: Value| {
        let svg = charts.get_attr(language.tag())?;
        let svg =
            svg.as_str().ok_or_else(|| Error::new(ErrorKind::InvalidOperation, "no chart"))?;
        Ok::<_, Error>(Value::from_safe_string(svg.to_owned()))
    });
    for (name, source) in TEMPLATES {
        environment.add_template(name, source)?;
    }
    Ok(environment)
}

/// The source expression that allows this style sheet and no other one (CSP level 2, section 4.2).
fn style_digest(style: &str) -> String {
    use base64::Engine;
    let digest =
        base64::engine::general_purpose::STANDARD.encode(Digest::of(style.as_bytes()).as_bytes());
    format!("'sha256-{digest}'")
}
