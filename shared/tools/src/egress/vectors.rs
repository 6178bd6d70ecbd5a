//! Spellings of addresses that may not be reached: the list that the tests of all tools share.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// An address of the public internet without a server of these tests.
pub(crate) const PUBLIC: &str = "93.184.216.34";
pub(crate) const PUBLIC_V6: &str = "2606:4700::1111";

const FORBIDDEN_V4: &[&str] = &[
    "127.0.0.1",
    "127.1.2.3",
    "0.0.0.0",
    "0.0.0.1",
    "10.0.0.1",
    "10.255.255.255",
    "100.64.0.1",
    "100.127.255.254",
    "169.254.169.254",
    "169.254.170.2",
    "172.16.0.1",
    "172.31.255.254",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.0.1",
    "192.168.255.254",
    "198.18.0.1",
    "198.19.255.254",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
];

const FORBIDDEN_V6: &[&str] = &[
    "::",
    "::1",
    "100::1",
    "2001::1",
    "2001:db8::1",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fec0::1",
    "ff02::1",
];

/// Names that mean a host inside, whatever a resolver returns.
const LOCAL_NAMES: &[&str] = &[
    "localhost",
    "LOCALHOST",
    "localhost.",
    "foo.localhost",
    "localhost.localdomain.localhost",
    "metadata",
    "metadata.google.internal",
    "instance-data",
    "printer.local",
    "db.internal",
    "router.lan",
    "nas.home",
    "box.home.arpa",
    "intranet",
    "wiki.corp",
    "kubernetes.default.svc.cluster.local",
    "project.supabase.co",
    "PROJECT.SUPABASE.CO.",
];

/// URLs that must be refused, and the names of the test's resolver.
pub(crate) struct Vectors {
    pub(crate) urls: Vec<String>,
    pub(crate) names: BTreeMap<String, Vec<IpAddr>>,
}

/// Returns all of them, on this port where the port is not the point.
pub(crate) fn all(port: u16) -> Vectors {
    let mut names = BTreeMap::new();
    let mut hosts: BTreeSet<String> = LOCAL_NAMES.iter().map(|name| (*name).to_owned()).collect();
    let v4: Vec<Ipv4Addr> = FORBIDDEN_V4
        .iter()
        .map(|text| text.parse().unwrap())
        .collect();
    let v6: Vec<Ipv6Addr> = FORBIDDEN_V6
        .iter()
        .map(|text| text.parse().unwrap())
        .collect();
    let mut addresses: Vec<IpAddr> = Vec::new();
    for ip in v4 {
        hosts.extend(spellings(ip));
        hosts.extend(carriers(ip).iter().map(|carrier| format!("[{carrier}]")));
        addresses.push(ip.into());
        addresses.extend(carriers(ip).into_iter().map(IpAddr::V6));
    }
    hosts.extend(v6.iter().map(|ip| format!("[{ip}]")));
    hosts.extend(v6.iter().map(|ip| format!("[{}]", in_full(*ip))));
    addresses.extend(v6.into_iter().map(IpAddr::V6));
    // Names with forbidden addresses: alone, before a public address, after one.
    let public: IpAddr = PUBLIC.parse().unwrap();
    for (number, ip) in addresses.into_iter().enumerate() {
        names.insert(format!("alone{number}.example.com"), vec![ip]);
        names.insert(format!("first{number}.example.com"), vec![ip, public]);
        names.insert(format!("last{number}.example.com"), vec![public, ip]);
    }
    names.insert(
        "127.0.0.1.nip.io".into(),
        vec!["127.0.0.1".parse().unwrap()],
    );
    names.insert("public.example.com".into(), vec![public]);
    names.insert("project.supabase.co".into(), vec![public]);
    hosts.extend(
        names
            .keys()
            .filter(|name| *name != "public.example.com")
            .cloned(),
    );
    let mut urls: Vec<String> = hosts
        .iter()
        .map(|host| format!("https://{host}:{port}/"))
        .collect();
    urls.extend(tricks(port));
    Vectors { urls, names }
}

/// Returns spellings of an IPv4 address that URL parsers, resolvers and people may read.
fn spellings(ip: Ipv4Addr) -> Vec<String> {
    let [a, b, c, d] = ip.octets();
    let number = u32::from(ip);
    let fullwidth: String = ip
        .to_string()
        .chars()
        .map(|letter| match letter {
            '.' => '。',
            digit => char::from_u32(u32::from(digit) - u32::from('0') + u32::from('０')).unwrap(),
        })
        .collect();
    let escaped: String = ip
        .to_string()
        .bytes()
        .map(|byte| format!("%{byte:02x}"))
        .collect();
    vec![
        ip.to_string(),
        format!("{ip}."),
        number.to_string(),
        format!("{number:#x}"),
        format!("{number:#X}").replace("0X", "0x"),
        format!("0{number:o}"),
        format!("0x{a:x}.0x{b:x}.0x{c:x}.0x{d:x}"),
        format!("0{a:o}.0{b:o}.0{c:o}.0{d:o}"),
        format!("000{a:o}.000{b:o}.000{c:o}.000{d:o}"),
        format!("{a}.{b}.{}", u32::from(c) * 256 + u32::from(d)),
        format!(
            "{a}.{}",
            (u32::from(b) * 256 + u32::from(c)) * 256 + u32::from(d)
        ),
        format!("0x{a:x}.{b}.0{c:o}.{d}"),
        fullwidth,
        escaped,
    ]
}

/// Returns IPv6 addresses that carry an IPv4 address inside: mapped, compatible, NAT64, 6to4, Teredo, ISATAP.
fn carriers(ip: Ipv4Addr) -> Vec<Ipv6Addr> {
    let number = u32::from(ip);
    let (high, low) = ((number >> 16) as u16, (number & 0xffff) as u16);
    let inverted = !number;
    vec![
        ip.to_ipv6_mapped(),
        Ipv6Addr::new(0, 0, 0, 0, 0, 0, high, low),
        Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, high, low),
        Ipv6Addr::new(0x64, 0xff9b, 1, 0, 0, 0, high, low),
        Ipv6Addr::new(0x2002, high, low, 0, 0, 0, 0, 1),
        Ipv6Addr::new(
            0x2001,
            0,
            high,
            low,
            0,
            0,
            (inverted >> 16) as u16,
            (inverted & 0xffff) as u16,
        ),
        Ipv6Addr::new(0x2a00, 0x1450, 0, 0, 0, 0x5efe, high, low),
        Ipv6Addr::new(0x2a00, 0x1450, 0, 0, 0x200, 0x5efe, high, low),
    ]
}

fn in_full(ip: Ipv6Addr) -> String {
    let groups: Vec<String> = ip
        .segments()
        .iter()
        .map(|group| format!("{group:04X}"))
        .collect();
    groups.join(":")
}

/// Returns schemes, ports, user names and forms of URLs with an unexpected destination.
fn tricks(port: u16) -> Vec<String> {
    let mut urls: Vec<String> = [
        "file:///proc/self/environ",
        "file://localhost/etc/passwd",
        "ftp://127.0.0.1/",
        "gopher://127.0.0.1:25/_x",
        "data:text/plain,x",
        "javascript:alert(1)",
        "jar:https://127.0.0.1!/",
        "unix:///var/run/docker.sock",
        "ws://127.0.0.1/",
        "wss://127.0.0.1/",
        "ldap://127.0.0.1/",
        "dict://127.0.0.1:11211/stat",
        "tftp://127.0.0.1/x",
        "about:blank",
        "blob:https://127.0.0.1/x",
        "//127.0.0.1/",
        "127.0.0.1",
        "https://",
        "https:///",
        "http://public.example.com/",
        "http://1.1.1.1/",
        "http://127.0.0.1:9001/2018-06-01/runtime/invocation/next",
        "https://public.example.com:22/",
        "https://public.example.com:8443/",
        "https://public.example.com:0/",
        "https://public.example.com:65536/",
        "https://1.1.1.1:25/",
        "https://1.1.1.1:6379/",
        "https://1.1.1.1:5432/",
        "https://user@public.example.com/",
        "https://user:word@public.example.com/",
        "https://:word@public.example.com/",
        "https://public.example.com@127.0.0.1/",
        "https://public.example.com%40127.0.0.1/",
        "https://127.0.0.1%2f@public.example.com/",
        "https://[::1",
        "https://[::1%25eth0]/",
        "https://[fe80::1%25lo]/",
        "https://[v1.x]/",
        "https://127.0.0.1\u{0}.example.com/",
        "https://exa mple.com/",
        "https://<127.0.0.1>/",
        "https://127.0.0.1 .example.com/",
        "https://256.256.256.256/",
        "https://1.2.3.4.5/",
        "https://0x1ffffffff/",
        "https://08.0.0.1/",
    ]
    .iter()
    .map(|url| (*url).to_owned())
    .collect();
    urls.extend([
        format!("https:\\\\127.0.0.1:{port}\\"),
        format!("https:/127.0.0.1:{port}/"),
        format!("https:127.0.0.1:{port}/"),
        format!("  https://127.0.0.1:{port}/  "),
        format!("https://127.0.0.1:{port}#@public.example.com/"),
        format!("https://127.0.0.1:{port}?@public.example.com/"),
        format!("ht\ntps://127.0.0.1:{port}/"),
        format!("https://127.0.\t0.1:{port}/"),
        format!("https://public.example.com:word@127.0.0.1:{port}/"),
        format!("HTTPS://LOCALHOST:{port}/"),
        format!("https://①②⑦.0.0.1:{port}/"),
        format!("https://127｡0｡0｡1:{port}/"),
    ]);
    urls
}
