//! Text search: what its configurations and dictionaries make of words.

/// Configurations: `ts_token_type` knows the names of a parser's kinds of token.
pub(super) const CONFIGURATIONS: &str = concat!(
    "select format('%s.%s', n.nspname, c.cfgname), null::text, null::text,
       format('PARSER %I.%I%s', pn.nspname, p.prsname,
              (select string_agg(format(' %s: %s', m.alias, m.dictionaries), ';' order by m.tokid)
                 from (select t.tokid, t.alias,
                              string_agg(format('%I.%I', dn.nspname, d.dictname), ', '
                                         order by g.mapseqno) as dictionaries
                         from ts_token_type(c.cfgparser) t
                         join pg_ts_config_map g on g.mapcfg = c.oid and g.maptokentype = t.tokid
                         join pg_ts_dict d on d.oid = g.mapdict
                         join pg_namespace dn on dn.oid = d.dictnamespace
                        group by t.tokid, t.alias) m))
  from pg_ts_config c
  join pg_namespace n on n.oid = c.cfgnamespace
  join pg_ts_parser p on p.oid = c.cfgparser
  join pg_namespace pn on pn.oid = p.prsnamespace
 where ",
    user_schema!(),
    " and ",
    not_of_extension!("pg_ts_config", "c.oid")
);

/// Dictionaries.
pub(super) const DICTIONARIES: &str = concat!(
    "select format('%s.%s', n.nspname, d.dictname), null::text, null::text,
       format('TEMPLATE %I.%I%s', tn.nspname, t.tmplname, ' ' || d.dictinitoption)
  from pg_ts_dict d
  join pg_namespace n on n.oid = d.dictnamespace
  join pg_ts_template t on t.oid = d.dicttemplate
  join pg_namespace tn on tn.oid = t.tmplnamespace
 where ",
    user_schema!(),
    " and ",
    not_of_extension!("pg_ts_dict", "d.oid")
);
