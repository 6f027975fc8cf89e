//! Whether two definitions that PostgreSQL printed from its parse trees mean the same.
//!
//! What `pg_dump` restores is not always printed as the original is, because the text is parsed
//! anew. Seen, and provided for:
//!
//! * `n BETWEEN 1 AND 9 AND d > 0` is printed `(((n >= 1) AND (n <= 9)) AND (d > 0))`, and once
//!   restored `((n >= 1) AND (n <= 9) AND (d > 0))`;
//! * `v IN ('a', 'b')` on a `varchar` is printed `(ARRAY['a'::character varying, …])::text[]`, and
//!   once restored `ARRAY[('a'::character varying)::text, …]`;
//! * a query of a view that selects from one relation is printed with its columns qualified before PostgreSQL
//!   16, and bare since; queries within it are qualified by all;
//! * `XMLSERIALIZE(… NO INDENT)` is printed since 16, which is what older ones do;
//! * a column `false` without a name of its own, as in the second query of a `UNION`, is printed
//!   `false AS bool` by 14;
//! * the target of a `MERGE` has `AS` before its other name from 17 on;
//! * `x IS DOCUMENT` and `t AT TIME ZONE z` are printed in brackets of their own by 17.
//!
//! Both sides are brought to one form, which only serves to compare; reports show the original.

/// A definition longer or nested deeper than this is compared as it stands.
const DEPTH_MAX: usize = 100;

/// A token, or what stands between two brackets.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Node {
    Token(String),
    Group(char, Vec<Node>),
}

impl Node {
    fn is_token(&self, text: &str) -> bool {
        matches!(self, Self::Token(token) if token == text)
    }

    fn is_name(&self) -> bool {
        matches!(self, Self::Token(token) if token.chars().next().is_some_and(is_name_start))
    }
}

/// Whether both definitions mean the same, as far as the rules above go.
pub(super) fn mean_the_same(one: &str, other: &str) -> bool {
    one == other || matches!((canonical(one), canonical(other)), (Some(a), Some(b)) if a == b)
}

/// Whether both definitions are made of the same words in the same order, brackets and the rules
/// above aside: between two versions of the server, nobody can say whether more than the printing
/// differs.
pub(super) fn have_the_same_words(one: &str, other: &str) -> bool {
    let (Some(one), Some(other)) = (canonical(one), canonical(other)) else { return false };
    words(&one) == words(&other)
}

/// The tokens of nodes without round brackets.
fn words(nodes: &[Node]) -> Vec<&str> {
    nodes
        .iter()
        .flat_map(|node| match node {
            Node::Token(token) => vec![token.as_str()],
            Node::Group('[', inner) => [vec!["["], words(inner), vec!["]"]].concat(),
            Node::Group(_, inner) => words(inner),
        })
        .collect()
}

fn canonical(definition: &str) -> Option<Vec<Node>> {
    let mut tokens = tokens(definition)?.into_iter();
    let mut nodes = nest(&mut tokens, None, 0)?;
    if let Some(relation) = only_relation(&nodes) {
        nodes = without_qualifier(&nodes, &relation);
    }
    Some(simplify(nodes))
}

fn is_name_start(c: char) -> bool {
    c.is_alphabetic() || c == '_' || c == '"'
}

fn is_name_part(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$'
}

/// Words, numbers, quoted strings and names whole; every other character by itself; no white space.
fn tokens(text: &str) -> Option<Vec<String>> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let length = match c {
            c if c.is_whitespace() => c.len_utf8(),
            '\'' | '"' => quoted_length(rest, c)?,
            '$' => dollar_quoted_length(rest).unwrap_or(1),
            c if is_name_part(c) => rest.find(|c| !is_name_part(c)).unwrap_or(rest.len()),
            ':' if rest.starts_with("::") => 2,
            c => c.len_utf8(),
        };
        let (token, after) = rest.split_at_checked(length)?;
        if !c.is_whitespace() {
            tokens.push(token.to_owned());
        }
        rest = after;
    }
    Some(tokens)
}

/// The length of the string or name that a text begins with, doubled quotes within it included. A
/// backslash escapes nothing here: deparsed strings that have one are `E'…'` with the backslash
/// doubled.
fn quoted_length(text: &str, quote: char) -> Option<usize> {
    let mut length = quote.len_utf8();
    loop {
        length += text.get(length..)?.find(quote)? + quote.len_utf8();
        if !text.get(length..)?.starts_with(quote) {
            return Some(length);
        }
        length += quote.len_utf8();
    }
}

/// The length of the `$tag$ … $tag$` that a text begins with.
fn dollar_quoted_length(text: &str) -> Option<usize> {
    let tag_length = text.get(1..)?.find('$')? + 2;
    let tag = text.get(..tag_length)?;
    let is_tag = tag.trim_matches('$').chars().all(|c| c.is_alphanumeric() || c == '_');
    let body = is_tag.then(|| text.get(tag_length..))??;
    Some(tag_length + body.find(tag)? + tag_length)
}

/// Groups tokens by their brackets; `None` if these do not match or nest too deep.
fn nest(
    tokens: &mut impl Iterator<Item = String>,
    closing: Option<&str>,
    depth: usize,
) -> Option<Vec<Node>> {
    if depth > DEPTH_MAX {
        return None;
    }
    let mut nodes = Vec::new();
    while let Some(token) = tokens.next() {
        match token.as_str() {
            "(" => nodes.push(Node::Group('(', nest(tokens, Some(")"), depth + 1)?)),
            "[" => nodes.push(Node::Group('[', nest(tokens, Some("]"), depth + 1)?)),
            ")" | "]" => return (closing == Some(token.as_str())).then_some(nodes),
            _ => nodes.push(Node::Token(token)),
        }
    }
    closing.is_none().then_some(nodes)
}

fn simplify(nodes: Vec<Node>) -> Vec<Node> {
    let mut inner: Vec<Node> = Vec::with_capacity(nodes.len());
    for node in nodes {
        match node {
            Node::Group('(', nodes) if asks_for_document(&nodes) => inner.extend(simplify(nodes)),
            Node::Group(bracket, nodes) => {
                inner.push(Node::Group(bracket, without_second_brackets(simplify(nodes))));
            }
            token @ Node::Token(_) => inner.push(token),
        }
    }
    let inner = without_as_of_target(without_type_as_name(without_default_indent(inner)));
    flatten(push_array_casts(&inner))
}

/// What stands between brackets, without a second pair right within them. A list means something
/// else in a second pair, and so does a query.
fn without_second_brackets(nodes: Vec<Node>) -> Vec<Node> {
    match nodes.as_slice() {
        [Node::Group('(', inner)]
            if !is_query(inner) && !inner.iter().any(|node| node.is_token(",")) =>
        {
            inner.clone()
        }
        _ => nodes,
    }
}

/// Whether nodes are `x IS DOCUMENT` and nothing more.
fn asks_for_document(nodes: &[Node]) -> bool {
    matches!(nodes, [.., is, document] if is.is_token("IS") && document.is_token("DOCUMENT"))
        && chain_operator(nodes).is_none()
}

/// `true AS bool` to `true`. The name is that of a column only in the first query of a view, which
/// every version prints with it.
fn without_type_as_name(mut nodes: Vec<Node>) -> Vec<Node> {
    let mut at = 0;
    while let Some([value, name_follows, name, ..]) = nodes.get(at..) {
        let is_constant = value.is_token("true") || value.is_token("false");
        if is_constant && name_follows.is_token("AS") && name.is_token("bool") {
            nodes.drain(at + 1..at + 3);
        }
        at += 1;
    }
    nodes
}

/// `MERGE INTO t AS r` to `MERGE INTO t r`. What else has `INTO` is printed with `AS` by every
/// version, and loses it on both sides.
fn without_as_of_target(mut nodes: Vec<Node>) -> Vec<Node> {
    let mut at = 0;
    while let Some([into, table @ ..]) = nodes.get(at..) {
        let named = table.iter().take_while(|node| node.is_token(".") || is_part_of_name(node));
        let name_follows = at + 1 + named.count();
        let follows = nodes.get(name_follows);
        if into.is_token("INTO") && follows.is_some_and(|node| node.is_token("AS")) {
            nodes.remove(name_follows);
        }
        at += 1;
    }
    nodes
}

/// Whether a node is part of a table's name, `ONLY` included.
fn is_part_of_name(node: &Node) -> bool {
    node.is_name() && !node.is_token("AS") && !node.is_token("USING")
}

/// Takes `NO INDENT` away, which ends the arguments of `XMLSERIALIZE`.
fn without_default_indent(mut nodes: Vec<Node>) -> Vec<Node> {
    if let [.., no, indent] = nodes.as_slice()
        && no.is_token("NO")
        && indent.is_token("INDENT")
    {
        nodes.truncate(nodes.len() - 2);
    }
    nodes
}

/// The operator, if nodes are operands joined by nothing but `AND`, or nothing but `OR`.
fn chain_operator(nodes: &[Node]) -> Option<&'static str> {
    let joined_by = |word: &str| nodes.iter().any(|node| node.is_token(word));
    // In `ROWS BETWEEN a AND b` the word joins no conditions.
    match (joined_by("AND"), joined_by("OR"), joined_by("BETWEEN")) {
        (true, false, false) => Some("AND"),
        (false, true, false) => Some("OR"),
        _ => None,
    }
}

/// `((a AND b) AND c)` to `(a AND b AND c)`, and so for `OR`.
fn flatten(nodes: Vec<Node>) -> Vec<Node> {
    let Some(operator) = chain_operator(&nodes) else { return nodes };
    let mut flat = Vec::with_capacity(nodes.len());
    for operand in nodes.split(|node| node.is_token(operator)) {
        if !flat.is_empty() {
            flat.push(Node::Token(operator.to_owned()));
        }
        match operand {
            [Node::Group('(', inner)] if chain_operator(inner) == Some(operator) => {
                flat.extend_from_slice(inner);
            }
            _ => flat.extend_from_slice(operand),
        }
    }
    flat
}

/// `(ARRAY[a, b])::type[]` to `ARRAY[(a)::type, (b)::type]`.
fn push_array_casts(nodes: &[Node]) -> Vec<Node> {
    let mut pushed = Vec::with_capacity(nodes.len());
    let mut rest = nodes;
    while let Some((first, after)) = rest.split_first() {
        if let Some((array, after)) = cast_array(rest) {
            pushed.extend(array);
            rest = after;
        } else {
            pushed.push(first.clone());
            rest = after;
        }
    }
    pushed
}

/// If nodes begin with the cast of an array of expressions: that array with its elements cast, and
/// what follows.
fn cast_array(nodes: &[Node]) -> Option<([Node; 2], &[Node])> {
    let [Node::Group('(', subject), cast, after @ ..] = nodes else { return None };
    let [array, Node::Group('[', elements)] = subject.as_slice() else { return None };
    if !array.is_token("ARRAY") || !cast.is_token("::") || elements.is_empty() {
        return None;
    }
    let length = after
        .iter()
        .take_while(|node| {
            node.is_name() || node.is_token(".") || matches!(node, Node::Group('(', _))
        })
        .count();
    let (type_name, after) = after.split_at_checked(length)?;
    let (Node::Group('[', bounds), after) = after.split_first()? else { return None };
    if type_name.is_empty() || !bounds.is_empty() {
        return None;
    }
    let mut cast_elements = Vec::new();
    for element in elements.split(|node| node.is_token(",")) {
        if !cast_elements.is_empty() {
            cast_elements.push(Node::Token(",".to_owned()));
        }
        cast_elements.push(Node::Group('(', element.to_vec()));
        cast_elements.push(cast.clone());
        cast_elements.extend_from_slice(type_name);
    }
    Some(([array.clone(), Node::Group('[', cast_elements)], after))
}

/// The name by which a query calls the one relation that it selects from.
fn only_relation(query: &[Node]) -> Option<String> {
    if !is_query(query) {
        return None;
    }
    let is_any = |node: &Node, words: &[&str]| words.iter().any(|word| node.is_token(word));
    if query.iter().any(|node| is_any(node, &["UNION", "INTERSECT", "EXCEPT"])) {
        return None;
    }
    let select = query.iter().position(|node| node.is_token("SELECT"))?;
    let (_, query) = query.split_at_checked(select)?;
    let from = query.iter().position(|node| node.is_token("FROM"))?;
    let (_, relation) = query.split_at_checked(from + 1)?;
    let ends =
        ["WHERE", "GROUP", "HAVING", "ORDER", "WINDOW", "LIMIT", "OFFSET", "FETCH", "FOR", ";"];
    let mut relation = relation.split(|node| is_any(node, &ends)).next()?;
    if relation.iter().any(|node| is_any(node, &[",", "JOIN"])) {
        return None;
    }
    if let Some(sample) = relation.iter().position(|node| node.is_token("TABLESAMPLE")) {
        (relation, _) = relation.split_at_checked(sample)?;
    }
    if let [before @ .., with, ordinality] = relation
        && with.is_token("WITH")
        && ordinality.is_token("ORDINALITY")
    {
        relation = before;
    }
    // The names of its columns, or a function's arguments.
    if let [before @ .., Node::Group('(', _)] = relation {
        relation = before;
    }
    match relation {
        [.., Node::Token(name)] if name.starts_with(is_name_start) => Some(name.clone()),
        _ => None,
    }
}

/// Takes `relation .` off the columns of a query. Queries within it are printed with qualified
/// names by every version, and stay as they are. So does the relation's whole row, `relation.*`.
fn without_qualifier(nodes: &[Node], relation: &str) -> Vec<Node> {
    let mut bare: Vec<Node> = Vec::with_capacity(nodes.len());
    let mut rest = nodes;
    while let Some((node, after)) = rest.split_first() {
        rest = after;
        if let Node::Group(bracket, inner) = node {
            let inner =
                if is_query(inner) { inner.clone() } else { without_qualifier(inner, relation) };
            bare.push(Node::Group(*bracket, inner));
            continue;
        }
        let names_something_else =
            bare.last().is_some_and(|last| [".", "::", "COLLATE"].iter().any(|t| last.is_token(t)));
        match after {
            [dot, column, after @ ..]
                if node.is_token(relation)
                    && !names_something_else
                    && dot.is_token(".")
                    && column.is_name()
                    && !matches!(after, [Node::Group('(', _), ..]) =>
            {
                bare.push(column.clone());
                rest = after;
            }
            _ => bare.push(node.clone()),
        }
    }
    bare
}

/// Whether nodes are a query, options of a view before it included.
fn is_query(nodes: &[Node]) -> bool {
    let begins = |word| nodes.first().is_some_and(|first| first.is_token(word));
    ["SELECT", "WITH", "VALUES"].into_iter().any(begins)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conjunctions_flatten() {
        assert!(mean_the_same(
            "CHECK ((((n >= 1) AND (n <= 10)) AND (d > '2020-01-01'::date)))",
            "CHECK (((n >= 1) AND (n <= 10) AND (d > '2020-01-01'::date)))"
        ));
        assert!(mean_the_same("(((a) OR (b)) OR (c))", "((a) OR (b) OR (c))"));
        assert!(!mean_the_same("(((a) OR (b)) AND (c))", "((a) OR (b) AND (c))"));
        assert!(!mean_the_same("(NOT ((a) AND (b)) AND (c))", "(NOT (a) AND (b) AND (c))"));
        assert!(!mean_the_same("((a) AND (b))", "((b) AND (a))"));
    }

    #[test]
    fn array_casts_move_to_the_elements() {
        assert!(mean_the_same(
            "((v)::text = ANY ((ARRAY['a,]'::character varying, 'b'::character varying])::text[]))",
            "((v)::text = ANY (ARRAY[('a,]'::character varying)::text, ('b'::character varying)::text]))"
        ));
        assert!(mean_the_same(
            "(ARRAY[f(a, b), c])::pg.\"T t\"(10)[]",
            "ARRAY[(f(a, b))::pg.\"T t\"(10), (c)::pg.\"T t\"(10)]"
        ));
        assert!(!mean_the_same("(ARRAY[a])::text[]", "ARRAY[(a)::varchar]"));
    }

    #[test]
    fn the_only_relation_needs_no_qualifier() {
        let old = " SELECT t.id,\n    count(t.x) AS n\n   FROM public.t\n  WHERE (t.id > 5);";
        let new = " SELECT id,\n    count(x) AS n\n   FROM public.t\n  WHERE (id > 5);";
        assert!(mean_the_same(old, new));
        assert!(!mean_the_same(old, &new.replace("id > 5", "x > 5")));
        let two = "SELECT t.id FROM t JOIN u ON (t.id = u.id)";
        assert!(!mean_the_same(two, "SELECT id FROM t JOIN u ON (t.id = u.id)"));
        assert!(!mean_the_same("SELECT t.f(x) FROM a.t", "SELECT f(x) FROM a.t"));
    }

    #[test]
    fn a_view_is_printed_by_other_versions() {
        let view = |id: &str| {
            format!(
                "WITH (security_barrier=true)  WITH w AS ( SELECT t.id FROM t) SELECT {id}, \
                 count(t.*) AS n FROM public.t \"a b\"(x, y) TABLESAMPLE bernoulli (10) \
                 WHERE ((EXISTS ( SELECT u.id FROM u WHERE (u.id = \"a b\".id))) AND ({id} > 1)) \
                 ORDER BY {id};"
            )
        };
        assert!(mean_the_same(&view("\"a b\".id"), &view("id")));
        assert!(!mean_the_same(&view("\"a b\".id"), &view("u.id")));
        for (old, new) in [
            ("SELECT g.g FROM f(1, 2) g(g, n);", "SELECT g FROM f(1, 2) g(g, n);"),
            ("SELECT f.n FROM a.f(1) WITH ORDINALITY;", "SELECT n FROM a.f(1) WITH ORDINALITY;"),
            ("SELECT q.n FROM ( SELECT t.n FROM t) q;", "SELECT n FROM ( SELECT t.n FROM t) q;"),
            ("SELECT (t.a IS DOCUMENT) AS d FROM t;", "SELECT a IS DOCUMENT AS d FROM t;"),
            (
                "SELECT XMLSERIALIZE(CONTENT t.a AS text);",
                "SELECT XMLSERIALIZE(CONTENT t.a AS text NO INDENT);",
            ),
            ("SELECT a UNION SELECT false", "SELECT a UNION SELECT false AS bool"),
            ("MERGE INTO s.t r USING u ON (a)", "MERGE INTO s.t AS r USING u ON (a)"),
            ("MERGE INTO ONLY t r USING u ON (a)", "MERGE INTO ONLY t AS r USING u ON (a)"),
            ("RANGE ((at AT TIME ZONE 'UTC'), n)", "RANGE (((at AT TIME ZONE 'UTC')), n)"),
        ] {
            assert!(mean_the_same(old, new), "{old} {new}");
        }
        for (one, other) in [
            ("SELECT count(t.*) FROM t;", "SELECT count(*) FROM t;"),
            ("SELECT (a)::t.x FROM t;", "SELECT (a)::x FROM t;"),
            (
                "SELECT t.a FROM t UNION SELECT u.a FROM u;",
                "SELECT a FROM t UNION SELECT u.a FROM u;",
            ),
            ("SELECT t.a FROM t, u;", "SELECT a FROM t, u;"),
            ("SELECT ( SELECT t.a) FROM t;", "SELECT ( SELECT a) FROM t;"),
            ("SELECT (x = ANY (( SELECT a)))", "SELECT (x = ANY ( SELECT a))"),
            ("SELECT false AS b", "SELECT false AS bool"),
            ("MERGE INTO t r USING u ON (a)", "MERGE INTO t AS q USING u ON (a)"),
            ("MERGE INTO t USING u s ON (a)", "MERGE INTO t USING u AS s ON (a)"),
            ("ROLLUP ((a, b))", "ROLLUP (a, b)"),
        ] {
            assert!(!mean_the_same(one, other), "{one} {other}");
        }
    }

    #[test]
    fn other_brackets_are_the_same_words() {
        assert!(have_the_same_words("(a OR b) AND c", "a OR (b AND c)"));
        assert!(!have_the_same_words("(a OR b) AND c", "(a OR b) AND d"));
        assert!(!have_the_same_words("a[1]", "a1"));
        assert!(have_the_same_words("SELECT (NOT t.a) = b FROM t;", "SELECT NOT (a = b) FROM t;"));
    }

    #[test]
    fn what_is_quoted_counts() {
        assert!(!mean_the_same("AS $f$ a  b $f$", "AS $f$ a b $f$"));
        assert!(mean_the_same("AS $f$ a  b $f$  x", "AS $f$ a  b $f$ x"));
        assert!(!mean_the_same("'a''  b'", "'a'' b'"));
        assert!(!mean_the_same("'a  b'::text", "'a b'::text"));
        assert!(!mean_the_same("'((a) AND (b)) AND (c)'", "'(a) AND (b) AND (c)'"));
        assert!(!mean_the_same("\"A\"", "\"a\""));
        assert!(mean_the_same("SELECT  1", "SELECT\n1"));
    }

    #[test]
    fn what_does_not_parse_is_compared_as_it_stands() {
        let deep = "(".repeat(1_000_000);
        assert!(mean_the_same(&deep, &deep));
        assert!(!mean_the_same(&deep, "("));
        assert!(!mean_the_same("'", "''"));
        assert!(!mean_the_same(")", "]"));
    }
}
