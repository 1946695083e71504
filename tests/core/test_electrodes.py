"""Labels as laboratories write them, read as a reader of EEG would."""

from __future__ import annotations

import pytest

from neuroflow.anatomy.electrodes import SITES, Recognised, recognise, recognise_all, side
from neuroflow.recording import ChannelKind as K


@pytest.mark.parametrize(
    ("label", "site", "reference"),
    [
        ("Fp1", "Fp1", ""),
        ("EEG Fp1-Ref", "Fp1", "Ref"),
        ("EEG FP1-REF", "Fp1", "REF"),
        ("FP1-LE", "Fp1", "LE"),
        ("EEG Fp1-A1A2", "Fp1", "A1A2"),
        ("Fp1-A1+A2", "Fp1", "A1+A2"),
        ("F3-M2", "F3", "M2"),
        ("C4:A1", "C4", "A1"),
        ("O1/A1A2", "O1", "A1A2"),
        ("Fp1_Ref", "Fp1", "Ref"),
        ("EEG Fz-Av", "Fz", "Av"),
        ("EEG A1-Ref-0", "A1", "Ref"),
        ("POL Fp1", "Fp1", ""),
        ("Fp1.", "Fp1", ""),
        ("Fc5.", "FC5", ""),
        ("Cz..", "Cz", ""),
        ("FPZ", "Fpz", ""),
        ("T7", "T3", ""),
        ("T8", "T4", ""),
        ("P7", "T5", ""),
        ("P8", "T6", ""),
        ("t3 ", "T3", ""),
        ("M1", "M1", ""),
    ],
)
def test_a_scalp_label_names_its_site_and_reference(label: str, site: str, reference: str) -> None:
    found = recognise(label)
    assert (found.name, found.kind, found.site, found.reference) == (site, K.EEG, site, reference)


@pytest.mark.parametrize(
    ("label", "kind"),
    [
        ("ECG", K.ECG),
        ("EKG1", K.ECG),
        ("EEG EKG-REF", K.ECG),
        ("ECG ECG1", K.ECG),
        ("EOG ROC", K.EOG),
        ("E1-M2", K.EOG),
        ("EMG chin", K.EMG),
        ("LEG/L", K.EMG),
        ("Resp", K.RESPIRATION),
        ("THOR RES", K.RESPIRATION),
        ("SpO2", K.SPO2),
        ("OX stat", K.SPO2),
        ("Photic", K.PHOTIC),
        ("Status", K.TRIGGER),
        ("DIG DTRIG", K.TRIGGER),
        ("DC01", K.OTHER),
        ("EXG1", K.OTHER),
        ("Light", K.OTHER),
        ("", K.OTHER),
        ("EEG(sec)", K.EEG),
        ("AHL1", K.IEEG),
        ("mAHL1", K.IEEG),
        ("TP'12", K.IEEG),
        ("EEG LHH1-Ref", K.IEEG),
        ("SEEG C3", K.IEEG),
        ("~AHL1 med", K.IEEG),
    ],
)
def test_what_is_not_a_scalp_electrode_has_its_kind_and_no_site(label: str, kind: K) -> None:
    found = recognise(label)
    assert (found.kind, found.site) == (kind, None)


def test_a_derivation_keeps_both_names_and_has_no_site() -> None:
    assert recognise("EEG Fpz-Cz").name == "Fpz-Cz"
    assert recognise("T8-P8-0").name == "T4-T6"
    assert recognise("T8-P8").site is None


def test_a_channel_that_is_no_voltage_is_never_eeg() -> None:
    assert recognise("C3", "%").kind is K.OTHER
    assert recognise("C3", "mV").site == "C3"
    assert recognise("C3", "").site == "C3"


def test_a_series_that_runs_past_the_scalp_is_a_shaft() -> None:
    labels = [f"A{i}" for i in range(1, 9)] + [f"T{i}" for i in range(1, 13)] + ["Cz", "F3"]
    found = recognise_all(labels, ["uV"] * len(labels))
    assert [f.name for f in found] == labels, "contacts keep the file's names: T7 of a shaft is not T3"
    assert [f.kind for f in found] == [K.IEEG] * 20 + [K.EEG] * 2


def test_ten_ten_temporal_sites_alone_are_no_shaft() -> None:
    found = recognise_all(["T7", "T8", "T9", "T10", "A1", "A2"], ["uV"] * 6)
    assert [f.site for f in found] == ["T3", "T4", "T9", "T10", "A1", "A2"]


def test_a_common_scalp_reference_is_a_reference() -> None:
    labels = ["Fp1-Cz", "Fp2-Cz", "F3-Cz", "F4-Cz", "O1-Cz", "O2-Cz", "Pz-Oz"]
    found = recognise_all(labels, ["uV"] * len(labels))
    assert [f.site for f in found] == ["Fp1", "Fp2", "F3", "F4", "O1", "O2", None]
    assert found[0].reference == "Cz"


def test_a_bipolar_recording_stays_bipolar() -> None:
    labels = ["Fp1-F7", "F7-T7", "T7-P7", "P7-O1", "Fp2-F8", "F8-T8", "T8-P8", "P8-O2"]
    assert all(f.site is None for f in recognise_all(labels, ["uV"] * len(labels)))


def test_every_site_is_recognised_in_any_case_and_has_a_side() -> None:
    for name in SITES:
        assert {recognise(name).site, recognise(name.upper()).site, recognise(f"EEG {name}-Ref").site} == {name}
    assert [side(s) for s in ("Fp1", "T4", "Cz", "AF10", "Nz", "A2")] == [
        "left", "right", "midline", "right", "midline", "right",
    ]  # fmt: skip


@pytest.mark.parametrize("label", ["~AHL1 med", "EEG ~AHL1 med", "≈AHL1 med", " ~ AHL1 med"])
def test_what_was_reconstructed_is_named_as_on_screen_and_has_no_site(label: str) -> None:
    assert recognise(label) == Recognised("≈AHL1 med", K.IEEG, None, "")
    assert recognise("~Fp1") == Recognised("≈Fp1", K.IEEG, None, "")
