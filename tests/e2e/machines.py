"""machines.py - machines for tests: network namespaces on bridges, and cuts between them.

Nothing has a name outside of the process's own namespace, so all of it is gone when the processes that use it have ended, however
they end: run the program that uses this by `unshare -n`. A machine that is cut off from a network keeps its link, and what is
sent there is lost: nobody gets an error, as behind a switch that died. Where the system allows no namespaces, all machines are
this one: Machines.why says why, and nothing can be cut."""
import ctypes
import os
import signal
import subprocess
import time

PREFIX = "10.78"
NAMESPACE = "/proc/{}/ns/net"


def end_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def ip(*words, inside=()):
    done = subprocess.run([*inside, "ip", *words], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise OSError(f"ip {' '.join(words)}: {done.stderr.strip()}")


class Machines:
    def __init__(self, networks):
        """This process has the first address of the first network."""
        self.networks, self.holders, self.why = networks, {}, None
        try:
            if os.environ.get("OWN_NETWORK") != "1":
                raise OSError("unshare -n is not allowed")
            ip("link", "set", "lo", "up")
            for name in networks:
                # Without the delay a link that comes back would learn for 15 s before it carries anything.
                ip("link", "add", name, "type", "bridge", "forward_delay", "0")
                ip("link", "set", name, "up")
            ip("address", "add", self.address(networks[0], 1) + "/24", "dev", networks[0])
            self.add("probe", 250, networks)
        except OSError as e:
            self.why = str(e)
            self.end()

    def address(self, network, number):
        return f"{PREFIX}.{self.networks.index(network)}.{number}"

    def add(self, name, number, networks):
        """A machine with an address in each of these networks."""
        if self.why:
            return
        holder = self.holders[name] = subprocess.Popen(["unshare", "-n", "sleep", "infinity"], preexec_fn=end_with_parent)
        while os.readlink(NAMESPACE.format(holder.pid)) == os.readlink(NAMESPACE.format("self")):
            time.sleep(0.005)
        inside = self.enter(name)
        ip("link", "set", "lo", "up", inside=inside)
        for network in networks:
            link = f"{name}.{network}"
            ip("link", "add", link, "type", "veth", "peer", "name", network, "netns", str(holder.pid))
            ip("link", "set", link, "master", network, "up")
            ip("address", "add", self.address(network, number) + "/24", "dev", network, inside=inside)
            ip("link", "set", network, "up", inside=inside)

    def enter(self, name):
        """What to put before a command that shall run there."""
        return [] if self.why else ["nsenter", "--net=" + self.namespace(name)]

    def namespace(self, name):
        return "" if self.why else NAMESPACE.format(self.holders[name].pid)

    def cut(self, name, *networks):
        for network in networks:
            ip("link", "set", f"{name}.{network}", "nomaster")

    def heal(self, name, *networks):
        for network in networks:
            ip("link", "set", f"{name}.{network}", "master", network)

    def end(self):
        for holder in self.holders.values():
            holder.kill()
            holder.wait()
        self.holders.clear()
