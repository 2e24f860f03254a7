//! Who may see what at the desk. Pure: the roles of an agency and a path are all there is to decide by.
//!
//! An agency sees what stands in its own chain, and no more: not what others asked of a service it provides. It knows those exchanges
//! from its platform, which the gateway tells each time who asks and why; refusals that never reached it are the others' matter.

use std::collections::BTreeSet;

use crate::id::ExchangeId;
use crate::identity::registry::Role;
use crate::tlog::tile::Kind;
use crate::tlog::tile::TilePath;

/// What can be asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Route {
    /// `/log.vkey`: the key that verifies the log's heads.
    Key,
    /// `/checkpoint`: the newest signed head.
    Checkpoint,
    /// `/tile/…`: hashes of the tree, or the entries below them.
    Tile(TilePath),
    /// `/receipts/<id>`: one exchange, with proofs.
    Receipt(ExchangeId),
    /// `/audit/list`: rows of the index.
    List,
    /// `/audit/count`: rows summed up.
    Count,
    /// `/audit/export`: rows to take away.
    Export,
    /// `/audit/tail`: rows that are new.
    Tail,
    /// `/audit/show/<id>`: one exchange, with proofs.
    Show(ExchangeId),
    /// `/audit/show/<index>`: one entry, with its proof.
    Entry(u64),
    /// `POST /operate/reload`: everything is reloaded now.
    Reload,
    /// `POST /operate/drain`: nothing new is taken, and the gateway ends.
    Drain,
    /// `POST /operate/forget`: a month's key is destroyed, by an order that two operators signed.
    Forget,
}

impl Route {
    /// Whether something is done there, and not only read.
    #[must_use]
    pub fn is_order(&self) -> bool {
        matches!(self, Self::Reload | Self::Drain | Self::Forget)
    }
}

/// Whose entries are seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sight {
    /// Everybody's.
    Everything,
    /// Those in the asking agency's own chain.
    Own,
}

/// Why something is not seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Denied {
    /// No role of the agency fits.
    Role,
    /// There is nothing there.
    Path,
}

/// Those who may follow how the log grows, and learn nothing of what is in it.
const FOLLOWERS: &[Role] = &[Role::Exchange, Role::Provide, Role::Audit, Role::Witness];

/// Decides what an agency of these roles sees under a path, given as its segments.
///
/// # Errors
/// See [`Denied`]. Whoever has no role at all is told nothing of what is there.
pub fn decide(roles: &BTreeSet<Role>, path: &[&str]) -> Result<(Route, Sight), Denied> {
    if roles.is_empty() {
        return Err(Denied::Role);
    }
    let route = route(path).ok_or(Denied::Path)?;
    let sight = sight(&route, roles).ok_or(Denied::Role)?;
    Ok((route, sight))
}

fn route(path: &[&str]) -> Option<Route> {
    match path {
        ["log.vkey"] => Some(Route::Key),
        ["checkpoint"] => Some(Route::Checkpoint),
        ["tile", ..] => Some(Route::Tile(path.join("/").parse().ok()?)),
        ["receipts", id] => Some(Route::Receipt(id.parse().ok()?)),
        ["audit", "list"] => Some(Route::List),
        ["audit", "count"] => Some(Route::Count),
        ["audit", "export"] => Some(Route::Export),
        ["audit", "tail"] => Some(Route::Tail),
        ["audit", "show", wanted] => {
            let index = wanted.parse().ok().filter(|index: &u64| index.to_string() == **wanted);
            index.map(Route::Entry).or_else(|| Some(Route::Show(wanted.parse().ok()?)))
        }
        ["operate", "reload"] => Some(Route::Reload),
        ["operate", "drain"] => Some(Route::Drain),
        ["operate", "forget"] => Some(Route::Forget),
        _ => None,
    }
}

/// The table: who sees all of it, and who what is its own.
fn sight(route: &Route, roles: &BTreeSet<Role>) -> Option<Sight> {
    let (all, own): (&[Role], &[Role]) = match route {
        Route::Key | Route::Checkpoint => (FOLLOWERS, &[]),
        Route::Tile(path) => match path.kind() {
            Kind::Hashes(_) => (FOLLOWERS, &[]),
            Kind::Entries => (&[Role::Audit], &[]),
        },
        Route::Receipt(_)
        | Route::List
        | Route::Count
        | Route::Export
        | Route::Tail
        | Route::Show(_)
        | Route::Entry(_) => (&[Role::Audit], &[Role::Exchange]),
        Route::Reload | Route::Drain | Route::Forget => (&[Role::Operate], &[]),
    };
    let has = |some: &[Role]| some.iter().any(|role| roles.contains(role));
    if has(all) {
        Some(Sight::Everything)
    } else if has(own) {
        Some(Sight::Own)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROLES: [Role; 5] = [Role::Exchange, Role::Provide, Role::Audit, Role::Operate, Role::Witness];

    /// Path, then a letter for each of the roles above: everything, own, refused.
    const TABLE: [(&str, &str); 16] = [
        ("log.vkey", "eee-e"),
        ("checkpoint", "eee-e"),
        ("tile/0/000", "eee-e"),
        ("tile/1/x001/x234/067.p/17", "eee-e"),
        ("tile/entries/000", "--e--"),
        ("tile/entries/x001/234.p/1", "--e--"),
        ("receipts/0199a1c2-3d4e-7f50-8a6b-1c2d3e4f5a6b", "o-e--"),
        ("audit/list", "o-e--"),
        ("audit/count", "o-e--"),
        ("audit/export", "o-e--"),
        ("audit/tail", "o-e--"),
        ("audit/show/0199a1c2-3d4e-7f50-8a6b-1c2d3e4f5a6b", "o-e--"),
        ("audit/show/17", "o-e--"),
        ("operate/reload", "---e-"),
        ("operate/drain", "---e-"),
        ("operate/forget", "---e-"),
    ];

    fn decided(roles: &[Role], path: &str) -> char {
        let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
        match decide(&roles.iter().copied().collect(), &segments) {
            Ok((_, Sight::Everything)) => 'e',
            Ok((_, Sight::Own)) => 'o',
            Err(Denied::Role) => '-',
            Err(Denied::Path) => '?',
        }
    }

    #[test]
    fn each_role_sees_what_the_table_says_and_no_more() {
        for (path, expected) in TABLE {
            let seen: String = ROLES.iter().map(|role| decided(&[*role], path)).collect();
            assert_eq!(seen, expected, "{path}");
            assert_eq!(decided(&[], path), '-', "{path}: without a role");
        }
    }

    #[test]
    fn with_several_roles_one_sees_what_the_strongest_of_them_sees() {
        let receipt = TABLE[6].0;
        assert_eq!(decided(&[Role::Exchange, Role::Audit], receipt), 'e');
        assert_eq!(decided(&[Role::Exchange, Role::Operate], receipt), 'o');
        assert_eq!(decided(&[Role::Provide, Role::Witness], receipt), '-');
    }

    #[test]
    fn where_nothing_is_whoever_has_a_role_is_told_so_and_others_are_not() {
        for path in [
            "",
            "log",
            "receipts",
            "receipts/x",
            "checkpoint/1",
            "tile",
            "tile/0/0",
            "tile/0/000.p/256",
            "tile/entries/000.gz",
            "audit",
            "audit/show",
            "audit/show/017",
            "audit/forget",
            "metrics",
            "dan-cu/cong-dan",
        ] {
            assert!(ROLES.iter().all(|role| decided(&[*role], path) == '?'), "{path}");
            assert_eq!(decided(&[], path), '-', "{path}");
        }
    }
}
