// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * Which packets the device may finish for us, how TSO packets have to look
 * before it can, and whether it may merge what it receives.
 */
#include <linux/inetdevice.h>
#include <net/addrconf.h>
#include <net/ip.h>
#include <net/ip6_checksum.h>
#include <net/tcp.h>

#include "vmxnet3.h"

/* Is this a plain TCP or UDP header right behind the outermost IP header? */
static bool vmxnet3_l4_is_plain(const struct sk_buff *skb, __be16 type, const u8 *l4)
{
	const u8 *net = skb_network_header(skb);
	u8 proto;

	if (type == htons(ETH_P_IP)) {
		if (net + sizeof(struct iphdr) > l4 || net + ip_hdrlen(skb) != l4)
			return false;
		proto = ip_hdr(skb)->protocol;
	} else {
		/* Extension headers are left to software. */
		if (type != htons(ETH_P_IPV6) || net + sizeof(struct ipv6hdr) != l4)
			return false;
		proto = ipv6_hdr(skb)->nexthdr;
	}
	return proto == IPPROTO_UDP || proto == IPPROTO_TCP;
}

static bool vmxnet3_can_offload(const struct sk_buff *skb, __be16 type)
{
	const u8 *l4 = skb_checksum_start(skb);
	const u8 *end = skb_tail_pointer(skb);
	u32 start = l4 - skb->data;

	/* One bound for both fields; for the unknown tunnels there is no encoding. */
	if (start + skb->csum_offset > VMXNET3_TX_MAX_HLEN || skb->encapsulation)
		return false;
	/* Headers in fragments are not worth a special case. */
	if (l4 + sizeof(struct udphdr) > end || !vmxnet3_l4_is_plain(skb, type, l4))
		return false;
	if (!skb_is_gso(skb))
		return true;
	if (l4 + sizeof(struct tcphdr) > end)
		return false;
	start += __tcp_hdrlen((const struct tcphdr *)l4);
	return start <= min(VMXNET3_TX_MAX_HLEN, skb_headlen(skb)) &&
	       skb_shinfo(skb)->gso_size <= VMXNET3_TX_MAX_MSS;
}

static netdev_features_t vmxnet3_offloads_of(const struct sk_buff *skb, __be16 type,
					     netdev_features_t features)
{
	if (likely(vmxnet3_can_offload(skb, type)))
		return features;
	return features & ~(NETIF_F_CSUM_MASK | NETIF_F_GSO_MASK);
}

/* A tag in the data, and then perhaps another one beside it. */
static noinline netdev_features_t vmxnet3_features_check_tagged(struct sk_buff *skb,
								netdev_features_t features)
{
	return vlan_features_check(skb, vmxnet3_offloads_of(skb, vlan_get_protocol(skb),
							    features));
}

/* Packets whose offload does not fit the descriptor are done in software. */
netdev_features_t vmxnet3_features_check(struct sk_buff *skb, struct net_device *netdev,
					 netdev_features_t features)
{
	/* TSO needs the checksum to be ours; forwarded packets may come without. */
	if (skb->ip_summed != CHECKSUM_PARTIAL)
		return unlikely(skb_is_gso(skb)) ? features & ~NETIF_F_GSO_MASK : features;
	if (unlikely(eth_type_vlan(skb->protocol)))
		return vmxnet3_features_check_tagged(skb, features);
	return vmxnet3_offloads_of(skb, skb->protocol, features);
}

/*
 * Brings the headers of a TSO packet into the form the device wants: pseudo
 * header sum without the length, and no IPv4 header checksum.  The IPv6
 * payload length stays as it is; the device accepts it either way.  Returns
 * the offload bits of the first descriptor, 0 if the packet has to go.
 */
u64 vmxnet3_tx_prepare_tso(struct vmxnet3_txq *tx, struct sk_buff *skb)
{
	u32 hlen, start = skb_checksum_start_offset(skb);
	struct tcphdr *th;

	if (unlikely(skb_cow_head(skb, 0))) {
		vmxnet3_xmit_count(tx, VMXNET3_XMIT_DROP_NOMEM);
		return 0;
	}
	th = (struct tcphdr *)skb_checksum_start(skb);
	hlen = start + sizeof(*th);
	if (likely(hlen <= skb_headlen(skb)))
		hlen = start + __tcp_hdrlen(th);
	if (unlikely(hlen > min(VMXNET3_TX_MAX_HLEN, skb_headlen(skb)))) {
		vmxnet3_xmit_count(tx, VMXNET3_XMIT_DROP_HEADER);
		return 0;
	}

	if (skb_shinfo(skb)->gso_type & SKB_GSO_TCPV4) {
		ip_hdr(skb)->check = 0;
		th->check = ~csum_tcpudp_magic(ip_hdr(skb)->saddr, ip_hdr(skb)->daddr, 0,
					       IPPROTO_TCP, 0);
	} else {
		th->check = ~csum_ipv6_magic(&ipv6_hdr(skb)->saddr, &ipv6_hdr(skb)->daddr, 0,
					     IPPROTO_TCP, 0);
	}
	vmxnet3_xmit_count(tx, VMXNET3_XMIT_TSO);
	return vmxnet3_txd_tso(hlen, skb_shinfo(skb)->gso_size);
}

static bool vmxnet3_routes_ipv4(struct net_device *netdev)
{
	struct in_device *in_dev = __in_dev_get_rcu(netdev);
	struct net *net = dev_net(netdev);

	/* The stack asks about a new interface before it has these settings of its own. */
	return IPV4_DEVCONF_ALL(net, FORWARDING) ||
	       IPV4_DEVCONF(in_dev ? in_dev->cnf : *net->ipv4.devconf_dflt, FORWARDING);
}

#if IS_ENABLED(CONFIG_IPV6)
static bool vmxnet3_routes_ipv6(struct net_device *netdev)
{
	const struct inet6_dev *in6_dev = __in6_dev_get(netdev);
	const struct netns_ipv6 *ipv6 = &dev_net(netdev)->ipv6;

	/* No settings: the module for IPv6 is not loaded. */
	if (!ipv6->devconf_all || !ipv6->devconf_dflt)
		return false;
	return READ_ONCE(ipv6->devconf_all->forwarding) ||
	       READ_ONCE((in6_dev ? &in6_dev->cnf : ipv6->devconf_dflt)->forwarding);
}
#else
static bool vmxnet3_routes_ipv6(struct net_device *netdev)
{
	return false;
}
#endif

static int vmxnet3_is_forwarder(struct net_device *netdev, struct netdev_nested_priv *unused)
{
	return netif_is_bridge_master(netdev) || netif_is_ovs_master(netdev) ||
	       vmxnet3_routes_ipv4(netdev) || vmxnet3_routes_ipv6(netdev);
}

/**
 * vmxnet3_may_forward - can what comes in here go out elsewhere
 * @netdev: the interface; what is stacked on it, as VLANs and bridges, counts too
 *
 * Packets that a tc or XDP program sends elsewhere are not known of.
 *
 * Return: whether a bridge, Open vSwitch or the router is configured to do so.
 */
bool vmxnet3_may_forward(struct net_device *netdev)
{
	struct netdev_nested_priv unused = { };
	bool may;

	rcu_read_lock();
	may = vmxnet3_is_forwarder(netdev, &unused) ||
	      netdev_walk_all_upper_dev_rcu(netdev, vmxnet3_is_forwarder, &unused);
	rcu_read_unlock();
	return may;
}
