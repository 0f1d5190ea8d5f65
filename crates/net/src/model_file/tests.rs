use super::*;
use crate::architectures::{Architecture, ModelConfig, Preset, RegionUnetConfig, Unet3dConfig};
use crate::reference::Reference;
use burn::store::ModuleSnapshot;
use serde_json::json;
use std::collections::HashMap;

/// A tiny 3D U-Net.
fn model() -> Model {
    let device = Device::flex();
    let mut card = ModelCard::preset(Architecture::Unet3d, Preset::Small);
    card.model = ModelConfig::Unet3d(Unet3dConfig {
        inputs: 1,
        filters: [2, 2, 3, 3],
    });
    Model {
        network: card.model.init(&device).unwrap(),
        card,
    }
}

fn read(bytes: Vec<u8>) -> Result<Model, ModelFileError> {
    Model::from_bytes(bytes, &Device::flex())
}

/// The file's bytes with another card.
fn with_card(bytes: &[u8], card: &serde_json::Value) -> Vec<u8> {
    let tensors = SafeTensors::deserialize(bytes).unwrap();
    let metadata = HashMap::from([(ENTRY.to_string(), card.to_string())]);
    safetensors::serialize(tensors.tensors(), Some(metadata)).unwrap()
}

#[test]
fn what_is_written_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.siderin");
    let model = model();
    model.write(&path).unwrap();
    assert_eq!(ModelCard::read(&path).unwrap(), model.card);
    let back = Model::read(&path, &Device::flex()).unwrap();
    assert_eq!(back.card, model.card);
    let bytes = |model: &Model| -> Vec<_> {
        let tensors = model.network.collect(None, None, true);
        tensors
            .iter()
            .map(|t| t.to_bytes().unwrap().to_vec())
            .collect()
    };
    assert_eq!(bytes(&back), bytes(&model));
    // The same model gives the same bytes, and nothing else is left in the folder.
    assert_eq!(model.to_bytes().unwrap(), std::fs::read(&path).unwrap());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn tensors_have_pytorchs_names() {
    let bytes = model().to_bytes().unwrap();
    let tensors = SafeTensors::deserialize(&bytes).unwrap();
    for name in [
        "encoder.0.first.conv.weight",
        "encoder.0.first.norm.running_var",
        "decoder.3.level.second.norm.bias",
        "head.bias",
    ] {
        assert!(
            tensors.tensor(name).is_ok(),
            "{name} of {:?}",
            tensors.names()
        );
    }
}

#[test]
fn every_cut_and_every_flipped_header_byte_is_an_error_or_a_model() {
    let bytes = model().to_bytes().unwrap();
    for length in (0..bytes.len()).step_by(bytes.len() / 97) {
        let error = read(bytes[..length].to_vec()).unwrap_err().to_string();
        assert!(error.contains("reading a model file"), "{length}: {error}");
    }
    let header = 8 + u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    for at in (0..header).step_by(23) {
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x15;
        // A changed letter in a name or number may still be a card.
        if let Ok(model) = read(damaged) {
            model.card.check().unwrap();
        }
    }
}

#[test]
fn newer_cards_and_foreign_files_say_what_to_do() {
    let bytes = model().to_bytes().unwrap();
    let newer = with_card(&bytes, &json!({"card_version": 7, "other": 1}));
    let said = read(newer).unwrap_err().to_string();
    assert!(
        said.contains("version 7, this siderin reads up to 1"),
        "{said}"
    );
    let tensors = SafeTensors::deserialize(&bytes).unwrap();
    let foreign = safetensors::serialize(tensors.tensors(), None).unwrap();
    let said = read(foreign).unwrap_err().to_string();
    assert!(said.contains("siderin model import"), "{said}");
    let cardless = with_card(&bytes, &json!({"card_version": 1}));
    assert!(matches!(read(cardless), Err(ModelFileError::Card(_))));
}

#[test]
fn tensors_of_another_network_are_listed() {
    let bytes = model().to_bytes().unwrap();
    let mut card = serde_json::to_value(model().card).unwrap();
    card["model"]["filters"] = json!([2, 2, 3, 4]);
    let said = read(with_card(&bytes, &card)).unwrap_err().to_string();
    assert!(
        said.contains("encoder.3.first.conv.weight is [3, 3, 3, 3, 3]"),
        "{said}"
    );
    assert!(
        said.contains("where the network has [4, 3, 3, 3, 3]"),
        "{said}"
    );
    assert!(said.contains("more"), "{said}");
    card["model"] = serde_json::to_value(Architecture::MmocNet.preset(Preset::Small)).unwrap();
    let said = read(with_card(&bytes, &card)).unwrap_err().to_string();
    assert!(
        said.contains("missing: ") && said.contains("not of this network: "),
        "{said}"
    );
}

#[test]
fn impossible_cards_are_refused() {
    let bytes = model().to_bytes().unwrap();
    let mut good = serde_json::to_value(model().card).unwrap();
    good["other_points"] = json!({"sensitive": 0.25, "specific": 0.75});
    let wide = "configuring a network: filters";
    for (pointer, value, said) in [
        ("/model/filters", json!([2, 2, 3, 1_000_000]), wide),
        (
            "/recipe/plane_spacing_mm",
            json!(0.0),
            "plane_spacing_mm is 0 mm",
        ),
        (
            "/inference/patch",
            json!([0, 64, 64]),
            "patch is [0, 64, 64]",
        ),
        (
            "/inference/patch",
            json!([1024, 1024, 1024]),
            "patch is [1024",
        ),
        ("/inference/overlap", json!(1.0), "overlap is 1"),
        ("/operating/threshold", json!(1.5), "threshold: 1.5"),
        ("/operating/minimum_mm3", json!(-1.0), "minimum_mm3: -1.0"),
        ("/other_points/sensitive", json!(-0.5), "sensitive: -0.5"),
        ("/other_points/sensitive", json!(0.6), "sensitive: 0.6"),
        ("/other_points/specific", json!(0.4), "specific: 0.4"),
        ("/card_version", json!(0), "has version 0"),
    ] {
        let mut card = good.clone();
        *card.pointer_mut(pointer).unwrap() = value;
        let error = read(with_card(&bytes, &card)).unwrap_err().to_string();
        assert!(error.contains(said), "{pointer}: {error}");
    }
}

/// The same tensors, each value put through `change`, as another type.
fn retyped(bytes: &[u8], kind: safetensors::Dtype, change: impl Fn(f32) -> Vec<u8>) -> Vec<u8> {
    let tensors = SafeTensors::deserialize(bytes).unwrap();
    let data: Vec<(String, Vec<usize>, Vec<u8>)> = tensors
        .tensors()
        .into_iter()
        .map(|(name, view)| {
            let values = view.data().chunks_exact(4);
            let changed = values
                .flat_map(|b| change(f32::from_le_bytes([b[0], b[1], b[2], b[3]])))
                .collect();
            (name, view.shape().to_vec(), changed)
        })
        .collect();
    let views = data.iter().map(|(name, shape, values)| {
        let view = safetensors::tensor::TensorView::new(kind, shape.clone(), values).unwrap();
        (name.clone(), view)
    });
    let card = serde_json::to_string(&model().card).unwrap();
    safetensors::serialize(views, Some(HashMap::from([(ENTRY.into(), card)]))).unwrap()
}

#[test]
fn doubles_become_floats_and_nan_is_refused() {
    let bytes = model().to_bytes().unwrap();
    let doubles = retyped(&bytes, safetensors::Dtype::F64, |v| {
        f64::from(v).to_le_bytes().to_vec()
    });
    assert_eq!(read(doubles).unwrap().to_bytes().unwrap(), bytes);
    let nan = retyped(&bytes, safetensors::Dtype::F32, |_| {
        f32::NAN.to_le_bytes().to_vec()
    });
    let said = read(nan).unwrap_err().to_string();
    assert!(said.contains("NaN or infinity among the numbers"), "{said}");
}

#[test]
fn a_file_that_is_no_model_is_not_read_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.siderin");
    for text in [
        "",
        "short",
        "a long text that begins with letters, as no model does",
    ] {
        std::fs::write(&path, text).unwrap();
        let error = ModelCard::read(&path).unwrap_err();
        assert!(
            matches!(error, ModelFileError::Damaged(_)),
            "{text}: {error}"
        );
    }
}

#[test]
fn weights_from_elsewhere_fit_or_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let device = Device::flex();
    let config: ModelConfig = serde_json::from_str(&Reference::read("unet3d").config()).unwrap();
    let path = folder.path().join("weights.safetensors");
    let network = config.init(&device).unwrap();
    let mut store = writing_store();
    network.save_into(&mut store).unwrap();
    std::fs::write(&path, store.get_bytes().unwrap()).unwrap();
    let import = |name: &str| import_weights(config.init(&device).unwrap(), name.as_ref(), None);
    let there = path.to_str().unwrap();
    import(there).unwrap();
    let other = folder.path().join("weights.bin");
    std::fs::copy(&path, &other).unwrap();
    let said = import(other.to_str().unwrap()).unwrap_err().to_string();
    assert!(
        said.contains("\"bin\"; .safetensors, .pt and .pth"),
        "{said}"
    );
    let no_pickle = folder.path().join("weights.pt");
    std::fs::write(&no_pickle, b"not a checkpoint").unwrap();
    assert!(matches!(
        import(no_pickle.to_str().unwrap()),
        Err(ImportError::PyTorch(_))
    ));
    assert!(matches!(import("absent.pt"), Err(ImportError::Io(_))));
}

#[test]
fn a_checkpoint_of_pytorch_becomes_the_same_network() {
    let device = Device::flex();
    let reference = Reference::read("mmoc_net");
    let config: ModelConfig = serde_json::from_str(&reference.config()).unwrap();
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/reference/values/mmoc_net.pt"
    );
    let fresh = || config.init(&device).unwrap();
    let network = import_weights(fresh(), path.as_ref(), Some("state_dict")).unwrap();
    let Network::MmocNet(network) = network else {
        panic!("another network");
    };
    let x = reference.tensor("input.0", &device);
    let coarse = network.coarse.head(network.coarse.features(x));
    reference.compare("eval.0", coarse);
    let said = import_weights(fresh(), path.as_ref(), None).unwrap_err();
    assert!(said.to_string().contains("missing"), "{said}");
    // Its tensors are not read where they cannot be the network's.
    let tiny = ModelConfig::RegionUnet(RegionUnetConfig { filters: [1; 4] });
    let said = import_weights(
        tiny.init(&device).unwrap(),
        path.as_ref(),
        Some("state_dict"),
    );
    assert!(
        matches!(said, Err(ImportError::TooLarge { .. })),
        "{said:?}"
    );
}

#[test]
fn points_have_names() {
    let mut card = model().card;
    card.operating.threshold = 0.5;
    let own = card.threshold();
    assert_eq!((own.value, own.point), (0.5, None), "nobody measured it");
    assert_eq!(card.threshold_at(PointName::Balanced), None);
    card.other_points = Some(OtherPoints {
        sensitive: 0.25,
        specific: 0.5,
    });
    for (name, value) in PointName::ALL.into_iter().zip([0.25, 0.5, 0.5]) {
        let found = card.threshold_at(name).unwrap();
        assert_eq!((found.value, found.point), (value, Some(name)));
    }
    assert_eq!(card.threshold().point, Some(PointName::Balanced));
}
