//! Whether two definitions that PostgreSQL printed from its parse trees mean the same.
//!
//! What `pg_dump` restores is not always printed as the original is, because the text is parsed
//! anew. Seen, and provided for:
//!
//! * `n BETWEEN 1 AND 9 AND d > 0` is printed `(((n >= 1) AND (n <= 9)) AND (d > 0))`, and once
//!   restored `((n >= 1) AND (n <= 9) AND (d > 0))`;
//! * `v IN ('a', 'b')` on a `varchar` is printed `(ARRAY['a'::character varying, …])::text[]`, and
//!   once restored `ARRAY[('a'::character varying)::text, …]`;
//! * a view of one table is printed with its columns qualified before PostgreSQL 16, and bare since.
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

fn canonical(definition: &str) -> Option<Vec<Node>> {
    let mut tokens = tokens(definition)?.into_iter();
    let mut nodes = nest(&mut tokens, None, 0)?;
    strip_only_qualifier(&mut nodes);
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
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        let mut token = c.to_string();
        if c.is_whitespace() {
            continue;
        }
        if c == '\'' || c == '"' {
            // A doubled quote ends one token and begins the next, which compares just as well. A
            // backslash escapes nothing here: deparsed strings that have one are E'…' with the
            // backslash doubled.
            loop {
                let next = characters.next()?;
                token.push(next);
                if next == c {
                    break;
                }
            }
        } else if is_name_part(c) {
            while let Some(next) = characters.next_if(|&next| is_name_part(next)) {
                token.push(next);
            }
        } else if c == ':' && characters.next_if_eq(&':').is_some() {
            token.push(':');
        }
        tokens.push(token);
    }
    Some(tokens)
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
    let inner: Vec<Node> = nodes
        .into_iter()
        .map(|node| match node {
            Node::Group(bracket, nodes) => Node::Group(bracket, simplify(nodes)),
            token @ Node::Token(_) => token,
        })
        .collect();
    flatten(push_array_casts(&inner))
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

/// In a query of a single relation, takes the relation's name off its columns.
fn strip_only_qualifier(nodes: &mut Vec<Node>) {
    if count_tokens(nodes, "SELECT") != 1 || count_tokens(nodes, "JOIN") != 0 {
        return;
    }
    let Some(from) = nodes.iter().position(|node| node.is_token("FROM")) else { return };
    let ends = ["WHERE", "GROUP", "HAVING", "ORDER", "WINDOW", "LIMIT", "OFFSET", "FETCH", ";"];
    let relation: Vec<&Node> = nodes
        .iter()
        .skip(from + 1)
        .take_while(|node| !ends.iter().any(|end| node.is_token(end)))
        .collect();
    // `schema.table` or `schema.table alias`
    if !relation.iter().all(|node| node.is_name() || node.is_token(".")) {
        return;
    }
    if let Some(Node::Token(alias)) = relation.last().copied() {
        let alias = alias.clone();
        strip(nodes, &alias);
    }
}

fn count_tokens(nodes: &[Node], text: &str) -> usize {
    nodes
        .iter()
        .map(|node| match node {
            Node::Token(token) => usize::from(token == text),
            Node::Group(_, inner) => count_tokens(inner, text),
        })
        .sum()
}

/// Takes `alias .` off every name that is not a function's.
fn strip(nodes: &mut Vec<Node>, alias: &str) {
    let mut stripped = Vec::with_capacity(nodes.len());
    let mut rest = std::mem::take(nodes).into_iter().peekable();
    while let Some(mut node) = rest.next() {
        let after_dot = stripped.last().is_some_and(|last: &Node| last.is_token("."));
        if let Node::Group(_, inner) = &mut node {
            strip(inner, alias);
        }
        if !node.is_token(alias) || after_dot || !rest.peek().is_some_and(|n| n.is_token(".")) {
            stripped.push(node);
            continue;
        }
        let Some(dot) = rest.next() else { continue };
        let Some(name) = rest.next() else { continue };
        if rest.peek().is_some_and(|next| matches!(next, Node::Group('(', _))) {
            stripped.extend([node, dot]);
        }
        stripped.push(name);
    }
    *nodes = stripped;
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
    fn what_is_quoted_counts() {
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
