package queue

import "net/netip"

// ClientOf is what counts as one client: an IPv4 address, or the 64 bits of an IPv6
// network, within which a client may choose.
func ClientOf(ip netip.Addr) string {
	if ip = ip.Unmap().WithZone(""); ip.Is6() {
		prefix, _ := ip.Prefix(64) // fails for no number of bits that an IPv6 address has
		return prefix.String()
	}
	return ip.String()
}
