//! `trongdong invite`, `join`, `replace`, `leave` and `transfer`: who belongs to a cluster, from a terminal. Each may be
//! given again after whatever went wrong, and goes on where it stands.

use std::{
    error::Error,
    fs,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use clap::Args;
use peer::{CallError, Handler, Identity, Lane, Peers, StreamReceiver, StreamSender, authority::Authority};
use prost::Message;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::{
    admission::{ADMIT_KIND, Admitted, Asks},
    client::{Answer, Client, Door},
    config::{DiskConfig, FILE, GatewayConfig, MemberConfig, MqttConfig, NodeConfig, PeerConfig, parse_key},
    feature::known,
    init::write_secret,
    invitation::Invitation,
    release::release,
};

type Done = Result<(), Box<dyn Error>>;

/// How long a change is asked for again before the program says how far it is.
const ASK_FOR: Duration = Duration::from_secs(600);
/// Between two requests.
const ASK_AGAIN: Duration = Duration::from_millis(300);
/// How long one member may take to admit a node.
const ADMIT_DEADLINE: Duration = Duration::from_secs(5);
/// How long members are asked to admit a node.
const ADMIT_WITHIN: Duration = Duration::from_secs(30);

/// Asks once; a refusal is an error.
pub(crate) async fn ask(client: &Client, path: &str, body: &Value) -> Result<Value, Box<dyn Error>> {
    match client.command(path, body).await? {
        Answer::Accepted(answer) => Ok(answer),
        Answer::Refused(refused) => Err(refused.message.into()),
    }
}

/// Asks until it is done, and says what is waited for.
async fn ask_until_done(client: &Client, path: &str, body: &Value) -> Done {
    let until = Instant::now() + ASK_FOR;
    let mut said = String::new();
    loop {
        let answer = ask(client, path, body).await?;
        if answer["done"] == true {
            return Ok(());
        }
        let waits_for = answer["waits_for"].as_str().unwrap_or_default().to_owned();
        if Instant::now() >= until {
            return Err(format!(
                "chưa xong ({waits_for}): chạy lại lệnh này để làm tiếp / not done yet ({waits_for}): give the same \
                 command again to go on"
            )
            .into());
        }
        if waits_for != said {
            eprintln!("… {waits_for}");
            said = waits_for;
        }
        sleep(ASK_AGAIN).await;
    }
}

/// Where the new node will be.
#[derive(Clone, Debug, Args)]
pub struct Place {
    /// The authority's folder, which `trongdong init` made and only the operator keeps.
    #[arg(long)]
    authority: PathBuf,
    /// Folder to make for the new node.
    #[arg(long)]
    out: PathBuf,
    /// Name or address of its machine, for the other nodes and for screens. On loopback it speaks plain HTTP.
    #[arg(long)]
    host: String,
    /// Port between nodes.
    #[arg(long, default_value_t = 7400)]
    peer_port: u16,
    /// Port of the gateway.
    #[arg(long, default_value_t = 8443)]
    gateway_port: u16,
    /// Port of the MQTT endpoint.
    #[arg(long, default_value_t = 1883)]
    mqtt_port: u16,
    /// For how many minutes the invitation counts.
    #[arg(long, default_value_t = 60)]
    valid_min: u32,
    #[command(flatten)]
    door: Door,
}

/// `trongdong invite`.
#[derive(Clone, Debug, Args)]
pub struct InviteArgs {
    #[command(flatten)]
    place: Place,
}

/// `trongdong replace`.
#[derive(Clone, Debug, Args)]
pub struct ReplaceArgs {
    /// Id of the node that goes.
    old: u64,
    #[command(flatten)]
    place: Place,
}

/// `trongdong join`.
#[derive(Clone, Debug, Args)]
pub struct JoinArgs {
    /// The folder that `trongdong invite` or `trongdong replace` made.
    home: PathBuf,
}

/// `trongdong leave`.
#[derive(Clone, Debug, Args)]
pub struct LeaveArgs {
    /// Id of the node that goes.
    node: u64,
    #[command(flatten)]
    door: Door,
}

/// `trongdong transfer`.
#[derive(Clone, Debug, Args)]
pub struct TransferArgs {
    /// Id of the node that shall lead nothing.
    node: u64,
    /// For how many minutes; 0 ends it.
    #[arg(long, default_value_t = 30)]
    minutes: u32,
    #[command(flatten)]
    door: Door,
}

/// What the cluster gives a node that it invites.
#[derive(Debug, Deserialize)]
struct Invited {
    node: u64,
    cluster: String,
    epoch: u64,
    token: String,
    members: Vec<MemberConfig>,
}

/// Invites a node: makes its folder with certificates and the invitation.
///
/// # Errors
/// The cluster refuses, or the folder cannot be made.
pub async fn invite(args: InviteArgs) -> Done {
    invite_to(&args.place, None).await
}

/// Invites a node in the place of another.
///
/// # Errors
/// As [`invite`].
pub async fn replace(args: ReplaceArgs) -> Done {
    invite_to(&args.place, Some(args.old)).await
}

async fn invite_to(place: &Place, replaces: Option<u64>) -> Done {
    // Looked at first: an id is not given away for nothing.
    let authority = Authority::open(&place.authority)?;
    if place.out.join(FILE).exists() {
        return Err(format!("{}: there is a node already; name another folder", place.out.display()).into());
    }
    let client = place.door.open().await?;
    let body = json!({ "replaces": replaces, "valid_min": place.valid_min });
    let invited: Invited = serde_json::from_value(ask(&client, "/api/cluster/invitations", &body).await?)?;
    write_folder(place, &authority, &invited)?;
    let (node, home) = (invited.node, place.out.display());
    println!("Nút mới số {node}: {home}");
    println!("Chép thư mục này sang máy mới rồi chạy ở đó, trong {} phút:", place.valid_min);
    println!("New node {node}: {home}");
    println!("Copy this folder to the new machine and run there, within {} minutes:", place.valid_min);
    println!("  trongdong join <folder>\n  trongdong start <folder>");
    Ok(())
}

fn write_folder(place: &Place, authority: &Authority, invited: &Invited) -> Done {
    let is_loopback = place.host == "localhost" || place.host.parse::<IpAddr>().is_ok_and(|host| host.is_loopback());
    let listen_on = if is_loopback { Ipv4Addr::LOCALHOST } else { Ipv4Addr::UNSPECIFIED };
    let listen = |port| SocketAddr::from((listen_on, port));
    let scheme = if is_loopback { "http" } else { "https" };
    let mut members = invited.members.clone();
    members.push(MemberConfig {
        id: invited.node,
        peer_address: format!("{}:{}", place.host, place.peer_port),
        public_url: format!("{scheme}://{}:{}", place.host, place.gateway_port),
    });
    let config = NodeConfig {
        cluster: invited.cluster.clone(),
        epoch: invited.epoch,
        node: invited.node,
        peer: PeerConfig { listen: listen(place.peer_port) },
        gateway: GatewayConfig { listen: listen(place.gateway_port), tls: !is_loopback },
        mqtt: Some(MqttConfig { listen: listen(place.mqtt_port), tls: false }),
        mqtt_client: None,
        sip: None,
        mail: None,
        oidc: None,
        disk: DiskConfig::default(),
        members,
        certificates: "certificates".into(),
        data: "data".into(),
        sealing_key: "sealing.key".into(),
    };
    let certificates = place.out.join("certificates");
    fs::create_dir_all(&certificates)?;
    let hosts = [place.host.clone(), "localhost".to_owned(), "127.0.0.1".to_owned()];
    authority.issue_node(&certificates, &invited.cluster, invited.node, &hosts)?;
    authority.issue_server(&certificates, &hosts)?;
    Invitation { token: invited.token.clone() }.save(&place.out)?;
    // Last: a folder with it is whole.
    fs::write(place.out.join(FILE), toml::to_string_pretty(&config)?)?;
    Ok(())
}

/// Has a node admitted: fetches the key that it needs from a member, over mutual TLS.
///
/// # Errors
/// No member can be reached, or they refuse.
pub async fn join(args: JoinArgs) -> Done {
    let home = &args.home;
    let mut config = NodeConfig::load(home)?;
    let Some(invitation) = Invitation::load(home)? else {
        return Err(format!(
            "{}: không có thư mời: nút này đã vào cụm, hoặc hãy mời bằng `trongdong invite` / there is no invitation: this \
             node is in already, or invite it with `trongdong invite`",
            home.display()
        )
        .into());
    };
    if !config.sealing_key.exists() {
        let admitted = ask_to_be_admitted(&config, invitation).await?;
        if admitted.epoch != config.epoch {
            return Err(
                "cụm đã được phục hồi từ bản sao lưu sau khi mời: mời lại / the cluster was restored since the \
                        invitation: invite anew"
                    .into(),
            );
        }
        parse_key(&admitted.sealing_key).ok_or("a member answered with what is no sealing key")?;
        note_members(home, &mut config, &admitted)?;
        // Last: with it the folder is ready to start.
        write_secret(&config.sealing_key, &admitted.sealing_key)?;
    }
    println!("Nút {} sẵn sàng. Chạy: trongdong start {}", config.node, home.display());
    println!("Node {} is ready. Run: trongdong start {}", config.node, home.display());
    Ok(())
}

/// Writes the members as they are now into the file; paths in it stay as they were.
fn note_members(home: &Path, config: &mut NodeConfig, admitted: &Admitted) -> Done {
    let file = home.join(FILE);
    let mut plain: NodeConfig = toml::from_str(&fs::read_to_string(&file)?)?;
    let own = config.members.iter().find(|member| member.id == config.node).cloned();
    let others = admitted.members.iter().filter(|member| member.id != config.node).map(|member| MemberConfig {
        id: member.id,
        peer_address: member.peer_address.clone(),
        public_url: member.public_url.clone(),
    });
    plain.members = others.chain(own).collect();
    config.members.clone_from(&plain.members);
    fs::write(&file, toml::to_string_pretty(&plain)?)?;
    Ok(())
}

/// Nobody has anything to ask of a node that has not started.
struct Nobody;

impl Handler for Nobody {
    fn call(&self, _: u64, _: u16, _: Bytes) -> futures::future::BoxFuture<'static, Result<Bytes, String>> {
        Box::pin(async { Err("this node has not started".to_owned()) })
    }
    fn stream(&self, _: u64, _: u16, _: Bytes, _: StreamSender, _: StreamReceiver) {}
    fn live(&self, _: u64, _: u16, _: Bytes, _: Bytes) {}
}

async fn ask_to_be_admitted(config: &NodeConfig, invitation: Invitation) -> Result<Admitted, Box<dyn Error>> {
    let identity = Identity::load(&config.certificates, &config.cluster, config.node)?;
    let peers = Peers::start(identity, config.peer.listen, Arc::new(Nobody)).await?;
    let others: Vec<_> = config.members.iter().filter(|member| member.id != config.node).collect();
    for member in &others {
        peers.set_address(member.id, &member.peer_address);
    }
    let features = known(release()?.features);
    let asks = Asks { token: invitation.token, features, ..Asks::default() };
    let payload = Bytes::from(asks.encode_to_vec());
    let until = Instant::now() + ADMIT_WITHIN;
    let mut last = "no member is known".to_owned();
    let admitted: Option<Admitted> = 'asked: loop {
        for member in &others {
            match peers.call(member.id, Lane::Control, ADMIT_KIND, payload.clone(), ADMIT_DEADLINE).await {
                Ok(answer) => break 'asked Some(Admitted::decode(answer)?),
                Err(CallError::Remote(reason)) => last = reason,
                Err(error) => last = format!("node {} at {}: {error}", member.id, member.peer_address),
            }
        }
        if Instant::now() >= until {
            break None;
        }
        sleep(ASK_AGAIN).await;
    };
    peers.shutdown().await;
    match admitted {
        Some(admitted) if admitted.refused.is_empty() => Ok(admitted),
        Some(admitted) => Err(admitted.refused.into()),
        None => Err(last.into()),
    }
}

/// Takes a node out of the cluster; its process ends by itself.
///
/// # Errors
/// The cluster refuses, because it would not bear it.
pub async fn leave(args: LeaveArgs) -> Done {
    let client = args.door.open().await?;
    ask_until_done(&client, "/api/cluster/leave", &json!({ "node": args.node })).await?;
    println!("Nút {} đã rời cụm; số này không dùng lại. Xóa thư mục của nó khi không cần nữa.", args.node);
    println!("Node {} is out; its number is not used again. Delete its folder when nobody needs it.", args.node);
    Ok(())
}

/// Moves the leads away from a node for a while.
///
/// # Errors
/// The cluster refuses, or nobody else could take them.
pub async fn transfer(args: TransferArgs) -> Done {
    let client = args.door.open().await?;
    let answer = ask(&client, "/api/cluster/rest", &json!({ "node": args.node, "minutes": args.minutes })).await?;
    if answer["done"] != true {
        return Err(format!(
            "nút {node} vẫn giữ các nhóm {left}: không nút nào khác theo kịp, xem `trongdong status` / node {node} still \
             leads groups {left}: no other node has caught up, see `trongdong status`",
            node = args.node,
            left = answer["still_leads"]
        )
        .into());
    }
    if args.minutes == 0 {
        println!("Nút {} thôi nghỉ. / Node {} no longer rests.", args.node, args.node);
    } else {
        println!("Nút {} không giữ quyền điều khiển nhóm nào trong {} phút.", args.node, args.minutes);
        println!("Node {} leads nothing for {} minutes.", args.node, args.minutes);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder_for(name: &str, host: &str) -> (PathBuf, NodeConfig) {
        let folder = std::env::temp_dir().join(format!("trongdong-membership-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        let authority = Authority::create(&folder.join("authority"), "ttdh").unwrap();
        let door = Door { urls: Vec::new(), person: "quan-tri".to_owned(), password_file: None, ca: None };
        let place = Place {
            authority: folder.join("authority"),
            out: folder.join("node-4"),
            host: host.to_owned(),
            peer_port: 7400,
            gateway_port: 8443,
            mqtt_port: 1883,
            valid_min: 60,
            door,
        };
        let member = MemberConfig {
            id: 1,
            peer_address: "node-1:7400".to_owned(),
            public_url: "https://node-1:8443".to_owned(),
        };
        let (cluster, token) = ("ttdh".to_owned(), "sealed".to_owned());
        write_folder(&place, &authority, &Invited { node: 4, cluster, epoch: 9, token, members: vec![member] })
            .unwrap();
        let config = NodeConfig::load(&place.out).unwrap();
        (folder, config)
    }

    #[test]
    fn the_folder_of_an_invited_node_is_whole_but_for_the_key() {
        let (folder, config) = folder_for("whole", "node-4.example.vn");
        assert_eq!((config.node, config.epoch, config.members.len()), (4, 9, 2));
        assert!(config.gateway.tls && config.gateway.listen.ip().is_unspecified());
        assert_eq!(config.members[1].public_url, "https://node-4.example.vn:8443");
        Identity::load(&config.certificates, "ttdh", 4).unwrap();
        let home = folder.join("node-4");
        assert_eq!(Invitation::load(&home).unwrap(), Some(Invitation { token: "sealed".to_owned() }));
        assert!(!config.sealing_key.exists(), "the key comes from a member");
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn on_loopback_it_speaks_plain_http_to_nobody_else() {
        let (folder, config) = folder_for("loopback", "127.0.0.1");
        assert!(
            !config.gateway.tls && config.gateway.listen.ip().is_loopback() && config.peer.listen.ip().is_loopback()
        );
        assert_eq!(config.members[1].public_url, "http://127.0.0.1:8443");
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn what_a_member_tells_is_written_and_paths_stay_relative() {
        let (folder, mut config) = folder_for("told", "127.0.0.1");
        let member =
            |id: u64| crate::admission::Member { id, peer_address: format!("n{id}:1"), public_url: String::new() };
        let admitted = Admitted { members: vec![member(2), member(3)], ..Admitted::default() };
        note_members(&folder.join("node-4"), &mut config, &admitted).unwrap();
        let text = fs::read_to_string(folder.join("node-4").join(FILE)).unwrap();
        assert!(text.contains("data = \"data\""), "{text}");
        let ids: Vec<u64> = NodeConfig::load(&folder.join("node-4")).unwrap().members.iter().map(|it| it.id).collect();
        assert_eq!(ids, [2, 3, 4]);
        fs::remove_dir_all(folder).unwrap();
    }
}
