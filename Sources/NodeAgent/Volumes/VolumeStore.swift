import Foundation
import Glibc
import KubernetesTypes

/// Makes a pod's volumes on disk and says which mounts give them to a container.
struct VolumeStore: Sendable {
    let layout: DiskLayout

    private func directory(_ pod: Pod, _ volume: Volume) -> String {
        layout.volumes(pod.uid) + "/" + kind(volume) + "/" + volume.name
    }

    private func kind(_ volume: Volume) -> String {
        if volume.configMap != nil { return "configmap" }
        if volume.secret != nil { return "secret" }
        if volume.downwardAPI != nil { return "downward" }
        if volume.projected != nil { return "projected" }
        return "empty"
    }

    /// Makes one volume, or brings its files up to date. Safe to repeat.
    func prepare(_ volume: Volume, of pod: Pod, files: [VolumeFile]?) throws {
        let group = pod.spec.securityContext?.fsGroup
        if let source = volume.hostPath {
            try HostPaths.check(source)
        } else if let files {
            try write(files, to: directory(pod, volume), group: group)
        } else if let source = volume.emptyDir ?? (isEmpty(volume) ? EmptyDirVolumeSource() : nil) {
            try makeEmpty(source, at: directory(pod, volume), group: group)
        } else {
            throw NodeAgentError(
                .mount,
                "the volume \"\(volume.name)\" has a source that this node does not provide; it has emptyDir, hostPath, configMap, "
                    + "secret, downwardAPI and projected")
        }
    }

    private func isEmpty(_ volume: Volume) -> Bool {
        var bare = Volume()
        bare.name = volume.name
        return volume == bare
    }

    private func makeEmpty(_ source: EmptyDirVolumeSource, at path: String, group: Int?) throws {
        let isNew = !Files.isDirectory(path)
        try Files.makeDirectory(path, mode: 0o777)
        if source.medium == "Memory", !Files.mounts(under: path).contains(path) {
            let size = source.sizeLimit.map { ",size=\($0.roundedUp)" } ?? ""
            try Files.mount("tmpfs", on: path, type: "tmpfs", data: "mode=0777" + size)
        }
        if isNew, let group {
            chown(path, 0, gid_t(group))
            chmod(path, 0o2777)
        }
    }

    /// Config maps and the like, swapped in whole: readers see all old files or all new ones.
    private func write(_ files: [VolumeFile], to path: String, group: Int?) throws {
        if !Files.isDirectory(path) {
            try Files.makeDirectory(path, mode: 0o777)
            // Secrets stay off the disk.
            try Files.mount("tmpfs", on: path, type: "tmpfs", data: "mode=0777,size=64m")
        } else if !Files.mounts(under: path).contains(path) {
            try Files.mount("tmpfs", on: path, type: "tmpfs", data: "mode=0777,size=64m")
        }
        let fingerprint = Self.fingerprint(files)
        let link = path + "/..data"
        let target = "..\(fingerprint)"
        guard (try? FileManager.default.destinationOfSymbolicLink(atPath: link)) != target else { return }
        let previous = try? FileManager.default.destinationOfSymbolicLink(atPath: link)
        let fresh = path + "/" + target
        try Files.makeDirectory(fresh)
        for file in files {
            guard !file.path.split(separator: "/").contains("..") else {
                throw NodeAgentError(.mount, "the path \"\(file.path)\" leads out of its volume")
            }
            let place = fresh + "/" + file.path
            try Files.makeDirectory((place as NSString).deletingLastPathComponent)
            try Files.write(file.bytes, to: place, mode: mode_t(file.mode))
            if let group {
                chown(place, 0, gid_t(group))
                chmod(place, mode_t(file.mode | 0o440))
            }
        }
        unlink(link + ".tmp")
        guard symlink(target, link + ".tmp") == 0, rename(link + ".tmp", link) == 0 else {
            throw NodeAgentError(.mount, "cannot swap in the new files of \(path)")
        }
        let tops = Set(files.compactMap { $0.path.split(separator: "/").first.map(String.init) })
        for top in tops where !Files.exists(path + "/" + top) { symlink("..data/" + top, path + "/" + top) }
        for entry in Files.list(path) where !entry.hasPrefix("..") && !tops.contains(entry) { unlink(path + "/" + entry) }
        if let previous, previous != target { Files.remove(path + "/" + previous) }
    }

    private static func fingerprint(_ files: [VolumeFile]) -> String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        func mix(_ bytes: some Sequence<UInt8>) {
            for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        }
        for file in files {
            mix(Array("\(file.path)\0\(file.mode)\0\(file.bytes.count)\0".utf8))
            mix(file.bytes)
        }
        return String(hash, radix: 16)
    }

    /// The mount that gives a container one of its volumes.
    func mount(
        _ mount: VolumeMount, of volume: Volume, in pod: Pod, variables: [String: String]
    ) throws -> RuntimeSpec.Mount {
        var source = volume.hostPath?.path ?? directory(pod, volume)
        let wanted = mount.subPathExpr.map { ContainerEnvironment.expand($0, variables) } ?? mount.subPath ?? ""
        if !wanted.isEmpty {
            source = try SubPath.resolve(wanted, in: source)
        }
        let isReadOnly =
            mount.readOnly ?? false || volume.configMap != nil || volume.secret != nil || volume.downwardAPI != nil
            || volume.projected != nil
        let propagation =
            switch mount.mountPropagation {
            case "HostToContainer": "rslave"
            case "Bidirectional": "rshared"
            default: "rprivate"
            }
        return .init(
            destination: mount.mountPath.hasPrefix("/") ? mount.mountPath : "/" + mount.mountPath, type: "bind", source: source,
            options: ["rbind", propagation, isReadOnly ? "ro" : "rw"])
    }

    /// Takes all volumes of a pod away.
    func remove(podUID: String) {
        let path = layout.volumes(podUID)
        for point in Files.mounts(under: path) { Files.unmount(point) }
        Files.remove(path)
    }

    /// The emptyDir volumes on disk that have outgrown their limit.
    func oversized(_ pod: Pod) -> [(volume: String, used: Int, limit: Int)] {
        (pod.spec.volumes ?? []).compactMap { volume in
            guard let source = volume.emptyDir, source.medium != "Memory", let limit = source.sizeLimit?.roundedUp else {
                return nil
            }
            let used = Self.size(directory(pod, volume))
            return used > limit ? (volume.name, used, limit) : nil
        }
    }

    /// Bytes that the files under a path take on disk.
    static func size(_ path: String) -> Int {
        guard let items = FileManager.default.enumerator(atPath: path) else { return 0 }
        var total = 0
        while let item = items.nextObject() as? String {
            var status = stat()
            if lstat(path + "/" + item, &status) == 0 { total += Int(status.st_blocks) * 512 }
        }
        return total
    }
}

/// Checks and makes what a `hostPath` volume asks for.
enum HostPaths {
    static func check(_ source: HostPathVolumeSource) throws {
        let path = source.path
        var status = stat()
        let exists = stat(path, &status) == 0
        let kind = status.st_mode & S_IFMT
        func fail(_ what: String) -> NodeAgentError {
            NodeAgentError(.mount, "hostPath type check failed: \(path) is not \(what)")
        }
        switch source.type ?? "" {
        case "": if !exists { try Files.makeDirectory(path) }
        case "DirectoryOrCreate":
            if !exists { try Files.makeDirectory(path) } else if kind != S_IFDIR { throw fail("a directory") }
        case "Directory": if !exists || kind != S_IFDIR { throw fail("a directory") }
        case "FileOrCreate":
            if !exists { try Files.writeDurably([], to: path, mode: 0o644) } else if kind != S_IFREG { throw fail("a file") }
        case "File": if !exists || kind != S_IFREG { throw fail("a file") }
        case "Socket": if !exists || kind != S_IFSOCK { throw fail("a socket") }
        case "CharDevice": if !exists || kind != S_IFCHR { throw fail("a character device") }
        case "BlockDevice": if !exists || kind != S_IFBLK { throw fail("a block device") }
        default: throw NodeAgentError(.mount, "hostPath type \"\(source.type ?? "")\" is not known")
        }
    }
}
