/**
 * The places that rules come from. A source is a short string, name first, that a person can look up; the functions write
 * them alike and keep versions in one place.
 *
 * Order of authority where sources disagree: KVM (Loongson's own and upstream), which runs on boards; the field comments of
 * hvisor's register files and the 2025 GCFG thread, which descend from the internal manual; the public manual; QEMU-LVZ's
 * README, then its code; hvisor; loongarch_vcpu, which was tuned on QEMU-LVZ; the others.
 *
 * @module
 */

/** The names with which a source begins, each with what it is. */
export const SOURCE_NAMES = {
  "linux v7.2": "torvalds/linux, arch/loongarch/ unless the path says otherwise",
  "kvm list": "the kvm and loongarch mailing lists, by subject",
  "openEuler kernel": "openeuler-mirror/kernel: Loongson's KVM from before upstream",
  "OpenHarmony kernel": "openharmony/kernel_linux_5.10: the same KVM, with the list of GSPR causes",
  "hvisor": "syswonder/hvisor",
  "LoongArch manual Vol. 1":
    "loongson/LoongArch-Documentation, LoongArch-Vol1-EN v1.10, by register or section",
  "3A5000 manual": "loongson/LoongArch-Documentation, Loongson-3A5000-usermanual-EN",
  "QEMU": "qemu/qemu",
  "QEMU-LVZ": "Hengyu-Yu/QEMU-LVZ",
  "tgoskits": "rcore-os/tgoskits, with ArceOS loongarch_vcpu",
  "loongarch-opcodes": "loongson-community/loongarch-opcodes",
  "machina": "gevico/machina",
  "prtos-hypervisor": "prtos-project/prtos-hypervisor",
  "ipipe-la": "MiaoHao-oops/ipipe-la: a copy of Loongson's kernel 4.19, with the KVM of that time",
  "openEuler QEMU": "openeuler-mirror/qemu, whose target loongarch64 is Loongson's of that time",
  "areweloongyet": "loongson-community/areweloongyet: what machines answer",
} as const;

/** A name with which a source begins. */
export type SourceName = keyof typeof SOURCE_NAMES;

/** A source: a name, then a path, a section, a thread or a pull request. */
export type Source = `${SourceName}${" " | ": "}${string}`;

/** A file under `arch/loongarch/` of Linux. */
export function linux(path: string): Source {
  return `linux v7.2 arch/loongarch/${path}`;
}

/** A file of Linux, from the root. */
export function linuxTop(path: string): Source {
  return `linux v7.2 ${path}`;
}

/** A thread of the kvm or loongarch mailing list. */
export function kvmList(thread: string): Source {
  return `kvm list: ${thread}`;
}

/** A file of Loongson's KVM in openEuler's kernel. */
export function openEulerKvm(file: string): Source {
  return `openEuler kernel arch/loongarch/kvm/${file}`;
}

/** A file of Loongson's KVM in OpenHarmony's kernel. */
export function openHarmonyKvm(file: string): Source {
  return `OpenHarmony kernel arch/loongarch/kvm/${file}`;
}

/** A register file of hvisor, with field comments by an author who had the internal manual. */
export function hvisorRegister(file: string): Source {
  return `hvisor src/arch/loongarch64/register/${file} @6c4babf`;
}

/** A file of hvisor, under `src/`. */
export function hvisor(path: string): Source {
  return `hvisor src/${path} @6a3fb78`;
}

/** A register or section of the LoongArch manual, volume 1. */
export function manual(section: string): Source {
  return `LoongArch manual Vol. 1: ${section}`;
}

/** A section of the user manual of the 3A5000. */
export function manual3A5000(section: string): Source {
  return `3A5000 manual: ${section}`;
}

/** A file of QEMU. */
export function qemu(path: string): Source {
  return `QEMU ${path}`;
}

/** A file of QEMU-LVZ. */
export function qemuLvz(path: string): Source {
  return `QEMU-LVZ ${path} @42b4d34`;
}

/** A file of loongarch_vcpu 0.5.5. */
export function arceos055(file: string): Source {
  return `tgoskits virtualization/loongarch_vcpu/src/${file} (0.5.5 @26f1970fc)`;
}

/** A file of loongarch_vcpu 0.5.13. */
export function arceos0513(file: string): Source {
  return `tgoskits virtualization/loongarch_vcpu/src/${file} (0.5.13)`;
}

/** A pull request of tgoskits. */
export function tgoskitsPr(number: string): Source {
  return `tgoskits PR #${number}`;
}

/** A file of loongarch-opcodes. */
export function opcodes(file: string): Source {
  return `loongarch-opcodes ${file}`;
}

/** A pull request of machina. */
export function machinaPr(number: string): Source {
  return `machina PR #${number}`;
}

/** A file of Loongson's KVM for kernel 4.19, under `arch/loongarch/kvm/`. */
export function loongsonKvm419(file: string): Source {
  return `ipipe-la arch/loongarch/kvm/${file} @ddf6c0c`;
}

/** A file of openEuler's QEMU. */
export function openEulerQemu(path: string): Source {
  return `openEuler QEMU ${path} @c174f8c`;
}

/** A page about machines, from their owners. */
export function areweloongyet(path: string): Source {
  return `areweloongyet ${path}`;
}

/** A pull request of prtos-hypervisor. */
export function prtosPr(number: string): Source {
  return `prtos-hypervisor PR #${number}`;
}
