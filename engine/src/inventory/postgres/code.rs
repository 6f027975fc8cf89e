//! Views, functions, triggers, rules, policies and comments.

/// Views with their options.
pub(super) const VIEWS: &str = concat!(
    "select format('%s.%s', n.nspname, c.relname), null::text, null::text,
       coalesce((select 'WITH (' || string_agg(o, ', ' order by o collate \"C\") || ') '
                   from unnest(c.reloptions) o), '')
         || pg_get_viewdef(c.oid)
  from pg_class c
  join pg_namespace n on n.oid = c.relnamespace
 where c.relkind = 'v' and ",
    user_relation!()
);

/// Materialised views, and whether they were ever filled.
pub(super) const MATERIALIZED_VIEWS: &str = concat!(
    "select format('%s.%s', n.nspname, c.relname), null::text, null::text,
       pg_get_viewdef(c.oid) || case when c.relispopulated then '' else ' WITH NO DATA' end
  from pg_class c
  join pg_namespace n on n.oid = c.relnamespace
 where c.relkind = 'm' and ",
    user_relation!()
);

/// Functions, procedures and aggregates, by the types of their arguments; not those that the server
/// makes with a range type.
pub(super) const FUNCTIONS: &str = concat!(
    "select format('%s.%s(%s)', n.nspname, p.proname,
              (select string_agg(format_type(a.type, null), ', ' order by a.position)
                 from unnest(p.proargtypes) with ordinality a(type, position))),
       null::text, null::text,
       case when g.aggfnoid is null then pg_get_functiondef(p.oid)
       else format('AGGREGATE (%s) KIND %s DIRECT %s SFUNC %s STYPE %s FINALFUNC %s %s %s '
                   'COMBINEFUNC %s SERIALFUNC %s DESERIALFUNC %s INITCOND %s '
                   'MSFUNC %s MINVFUNC %s MSTYPE %s MFINALFUNC %s %s %s MINITCOND %s '
                   'SORTOP %s PARALLEL %s',
                   pg_get_function_arguments(p.oid), g.aggkind, g.aggnumdirectargs,
                   g.aggtransfn::oid::regprocedure, format_type(g.aggtranstype, null),
                   g.aggfinalfn::oid::regprocedure, g.aggfinalextra, g.aggfinalmodify,
                   g.aggcombinefn::oid::regprocedure, g.aggserialfn::oid::regprocedure,
                   g.aggdeserialfn::oid::regprocedure, quote_nullable(g.agginitval),
                   g.aggmtransfn::oid::regprocedure, g.aggminvtransfn::oid::regprocedure,
                   format_type(g.aggmtranstype, null), g.aggmfinalfn::oid::regprocedure,
                   g.aggmfinalextra, g.aggmfinalmodify, quote_nullable(g.aggminitval),
                   g.aggsortop::regoperator, p.proparallel) end
  from pg_proc p
  join pg_namespace n on n.oid = p.pronamespace
  left join pg_aggregate g on g.aggfnoid = p.oid
 where ",
    user_schema!(),
    " and ",
    not_of_extension!("pg_proc", "p.oid"),
    "
   and not exists (select from pg_depend i where i.classid = 'pg_proc'::regclass and i.objid = p.oid
                                             and i.deptype = 'i')"
);

/// Triggers, and when they fire; those that enforce constraints are told with the constraint.
/// PostgreSQL 14 calls internal what a partition has from its parent.
pub(super) const TRIGGERS: &str = concat!(
    "select format('%s.%s.%s', n.nspname, c.relname, g.tgname), n.nspname::text, c.relname::text,
       pg_get_triggerdef(g.oid) || case g.tgenabled when 'O' then '' when 'D' then ' DISABLED'
                                   when 'R' then ' ENABLED ON REPLICA' else ' ENABLED ALWAYS' end
  from pg_trigger g
  join pg_class c on c.oid = g.tgrelid
  join pg_namespace n on n.oid = c.relnamespace
  left join pg_constraint k on k.oid = g.tgconstraint
 where (not g.tgisinternal or (g.tgparentid <> 0 and coalesce(k.contype = 't', true))) and ",
    user_relation!()
);

/// Rules other than those that make a view a view.
pub(super) const RULES: &str = concat!(
    "select format('%s.%s.%s', n.nspname, c.relname, r.rulename), n.nspname::text, c.relname::text,
       pg_get_ruledef(r.oid) || case r.ev_enabled when 'O' then '' when 'D' then ' DISABLED'
                                when 'R' then ' ENABLED ON REPLICA' else ' ENABLED ALWAYS' end
  from pg_rewrite r
  join pg_class c on c.oid = r.ev_class
  join pg_namespace n on n.oid = c.relnamespace
 where r.rulename <> '_RETURN' and ",
    user_relation!()
);

/// Policies, and under the table's own name whether row security is on.
pub(super) const POLICIES: &str = concat!(
    "select format('%s.%s.%s', n.nspname, c.relname, p.polname), n.nspname::text, c.relname::text,
       format('AS %s FOR %s TO %s%s%s',
              case when p.polpermissive then 'PERMISSIVE' else 'RESTRICTIVE' end,
              case p.polcmd when 'r' then 'SELECT' when 'a' then 'INSERT' when 'w' then 'UPDATE'
                            when 'd' then 'DELETE' else 'ALL' end,
              (select string_agg(r.name, ', ' order by r.name)
                 from (select distinct case when u.id = 0 then 'PUBLIC'
                                       else quote_ident(pg_get_userbyid(u.id)) end collate \"C\"
                         from unnest(p.polroles) u(id)) r(name)),
              ' USING (' || pg_get_expr(p.polqual, p.polrelid) || ')',
              ' WITH CHECK (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')')
  from pg_policy p
  join pg_class c on c.oid = p.polrelid
  join pg_namespace n on n.oid = c.relnamespace
 where ",
    user_relation!(),
    "
 union all
select format('%s.%s', n.nspname, c.relname), n.nspname::text, c.relname::text,
       concat_ws(', ', case when c.relrowsecurity then 'ENABLE ROW LEVEL SECURITY' end,
                 case when c.relforcerowsecurity then 'FORCE ROW LEVEL SECURITY' end)
  from pg_class c
  join pg_namespace n on n.oid = c.relnamespace
 where (c.relrowsecurity or c.relforcerowsecurity) and ",
    user_relation!()
);

/// Triggers of the database as a whole.
pub(super) const EVENT_TRIGGERS: &str = concat!(
    "select t.evtname::text, null::text, null::text,
       format('ON %s EXECUTE FUNCTION %I.%I()%s ENABLED %s', t.evtevent, n.nspname, p.proname,
              coalesce(' WHEN TAG IN ' || t.evttags::text, ''), t.evtenabled)
  from pg_event_trigger t
  join pg_proc p on p.oid = t.evtfoid
  join pg_namespace n on n.oid = p.pronamespace
 where ",
    not_of_extension!("pg_event_trigger", "t.oid")
);

/// Comments; objects numbered below 16384 were made with the database cluster. Comments on what is
/// not carried over, as publications, are not compared.
pub(super) const COMMENTS: &str =
    "select format('%s %s', i.type, i.identity), n.nspname::text, c.relname::text, d.description
  from pg_description d
  cross join lateral pg_identify_object(d.classoid, d.objoid, d.objsubid) i
  left join pg_class c on d.classoid = 'pg_class'::regclass and c.oid = d.objoid
                      and c.relkind in ('r', 'p', 'f', 'v', 'm')
  left join pg_namespace n on n.oid = c.relnamespace
 where d.objoid >= 16384
   and d.classoid not in ('pg_largeobject'::regclass, 'pg_extension'::regclass,
                          'pg_publication'::regclass, 'pg_subscription'::regclass,
                          'pg_foreign_data_wrapper'::regclass, 'pg_foreign_server'::regclass)
   and i.identity is not null and i.identity !~ '(^| on )pg_temp(\\.|$)'
   and not exists (select from pg_depend e where e.classid = d.classoid and e.objid = d.objoid
                                             and e.deptype = 'e')";
