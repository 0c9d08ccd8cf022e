//! Which request is answered where. Pure.

/// Where a request is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    /// By the front itself.
    Login,
    Logout,
    Session,
    Kept,
    Ready,
    Description,
    /// By the edge, out of the copy.
    Copy,
    /// By the province; kept while the line is cut.
    Command,
    /// By the province; not at all while the line is cut.
    Province,
    /// Not here.
    Nowhere,
}

/// Lists that the copy has in full, as far as anybody here may see.
const LISTS: [&str; 12] = [
    "incidents",
    "alarms",
    "sensors",
    "cameras",
    "units",
    "districts",
    "admin-units",
    "instructions",
    "exercises",
    "rooms",
    "shift-notes",
    "nodes",
];

/// Where a request is answered.
///
/// What is kept is what people enter about incidents, alarms, units, instructions and their clocks, shift notes and a room's log; who
/// follows whom, and exercises, are of the moment and are not. Registrations, rights,
/// models and the cluster itself are not: they are decided by what stands when they are done.
pub(crate) fn route(method: &str, path: &str) -> Route {
    let rest = path.strip_prefix("/api").filter(|rest| rest.is_empty() || rest.starts_with('/'));
    let Some(rest) = rest else {
        return match path {
            "/ready" => Route::Ready,
            _ if path.starts_with("/open311") => Route::Nowhere,
            _ => Route::Copy,
        };
    };
    let segments: Vec<&str> = rest.split('/').skip(1).collect();
    match (method, &segments[..]) {
        ("OPTIONS", _) => Route::Copy,
        ("GET", []) => Route::Description,
        (_, ["public", ..]) => Route::Nowhere,
        // A provider leads back to the province's nodes only; here nobody is told of one.
        (_, ["oidc", ..]) => Route::Nowhere,
        ("GET", ["sign-in", "ways"]) => Route::Copy,
        ("POST", ["login"]) => Route::Login,
        ("POST", ["logout"]) => Route::Logout,
        ("GET", ["session"]) => Route::Session,
        ("GET", ["kept"]) => Route::Kept,
        ("GET", [list]) if LISTS.contains(list) => Route::Copy,
        ("GET", ["crew"]) => Route::Copy,
        ("POST", ["incidents"] | ["incidents", _, _, ..]) => Route::Command,
        ("POST", ["alarms", _]) => Route::Command,
        ("POST", ["units", _, _, ..]) => Route::Command,
        ("POST", ["instructions"] | ["instructions", _, _]) => Route::Command,
        ("POST", ["clocks", _]) => Route::Command,
        ("POST", ["rooms", _, "log" | "shift-notes"] | ["shift-notes", _, _]) => Route::Command,
        _ => Route::Province,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn people_enter_and_what_needs_the_province_is_not_kept() {
        for path in [
            "/api/incidents",
            "/api/incidents/I7/note",
            "/api/incidents/I7/suggestions/2",
            "/api/incidents/I7/task/answer",
            "/api/incidents/I7/handover/answer",
            "/api/alarms/acknowledge",
            "/api/units/u1/status",
            "/api/units/u1/mayday/clear",
            "/api/instructions/N1/finish",
            "/api/clocks/progress",
            "/api/rooms/phu-binh/log",
            "/api/rooms/phu-binh/shift-notes",
            "/api/shift-notes/H7/acknowledge",
        ] {
            assert_eq!(route("POST", path), Route::Command, "{path}");
        }
        for path in [
            "/api/units",
            "/api/persons",
            "/api/models",
            "/api/cluster/leave",
            "/api/readings",
            "/api/reports/x/link",
            "/api/warnings/W1/approve",
            "/api/files",
            "/api/rooms/phu-binh/follow",
            "/api/rooms/phu-binh/scene",
            "/api/exercises",
        ] {
            assert_eq!(route("POST", path), Route::Province, "{path}");
        }
        assert_eq!(route("GET", "/api/incidents"), Route::Copy);
        assert_eq!(route("GET", "/api/rooms"), Route::Copy);
        assert_eq!(route("GET", "/api/rooms/phu-binh/log"), Route::Province);
        assert_eq!(route("GET", "/api/incidents/I7/timeline"), Route::Province);
        assert_eq!(route("GET", "/api/incidents/I7/replay"), Route::Province);
        assert_eq!(route("GET", "/api/sign-in/ways"), Route::Copy);
        assert_eq!(route("GET", "/api/sign-in/holds"), Route::Province);
        assert_eq!(route("GET", "/api/oidc/start"), Route::Nowhere);
        assert_eq!(route("GET", "/"), Route::Copy);
        assert_eq!(route("GET", "/ws"), Route::Copy);
        assert_eq!(route("POST", "/api/public/reports"), Route::Nowhere);
        assert_eq!(route("GET", "/open311/v2/requests.json"), Route::Nowhere);
    }

    proptest! {
        #[test]
        fn any_path_has_one(method in "[A-Z]{1,7}", path in "[ -~]{0,60}") {
            let _ = route(&method, &path);
            let _ = route(&method, &format!("/api/{path}"));
        }
    }
}
