"""Makes the tiny random checkpoints in this folder, and beside each what transformers computes from it.

    python tests/checkpoints/make.py            # needs torch and transformers; writes every folder anew
    python tests/checkpoints/make.py --check    # writes nothing; compares every folder with its expected.npz

A folder holds config.json, model.safetensors (or shards with an index), tokenizer.json and expected.npz:

    text            the text, as one string
    ids             int64    [token]
    tokens          the raw pieces, as `tokenizers` names them
    hidden_states   float32  [layer + 1, token, d_model]; a decoder's last one is after its final norm
    attentions      float32  [layer, head, query, key]
    logits          float32  [token, vocabulary]; only where the model has a causal head

What is expected is computed in float32 from the files in the folder, and agrees with the model they were written from.
"""

from __future__ import annotations

import argparse
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from safetensors.torch import load_file, save_file
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

HERE = Path(__file__).resolve().parent
TOLERANCE = 1e-6

Json = dict[str, Any]
Tensors = dict[str, torch.Tensor]
Arrays = dict[str, np.ndarray]

# --- tokenizers -------------------------------------------------------------------------------------------------------

CORPUS = (
    "the cat saw the dog and the cat ran to the kitten",
    "a kitten and a cat sat on the mat, and the dog saw the kitten",
    "The quick brown fox jumps over the lazy dog; 0123456789 vexing wizards! (why?) 'yes' \"no\" a-b.",
    "猫和狗看见了猫。",
    "the cat 🐱 and the dog 🐶",
)
TEXT = "the cat saw the 猫 and 🐱"
BERT_TEXT = "The cat saw the kittens, 猫 and 🐱"
QWEN_WORDS = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def byte_level(specials: tuple[str, ...], qwen: bool = False, merges: int = 24) -> Tokenizer:
    """GPT-2's kind: all 256 bytes and a few merges, so that characters can fall into several pieces."""
    tokenizer = Tokenizer(models.BPE())
    words = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=not qwen)
    if qwen:
        tokenizer.normalizer = normalizers.NFC()
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
            [pre_tokenizers.Split(Regex(QWEN_WORDS), "isolated"), words],
        )
    else:
        tokenizer.pre_tokenizer = words
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=len(specials) + len(alphabet) + merges,
        initial_alphabet=alphabet,
        special_tokens=list(specials),
        show_progress=False,
    )
    tokenizer.train_from_iterator(CORPUS, trainer)
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def roberta_pieces() -> Tokenizer:
    tokenizer = byte_level(("<s>", "<pad>", "</s>", "<unk>", "<mask>"))
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), add_prefix_space=False)
    return tokenizer


def sentence_piece(metaspace: bool) -> Tokenizer:
    """Llama's kind: "▁" for a space, and bytes for a character that is no piece (here those of many, not of all)."""
    trained = Tokenizer(models.BPE())
    trained.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    trained.train_from_iterator(CORPUS[:-1], trainers.BpeTrainer(vocab_size=84, show_progress=False))
    bpe = json.loads(trained.to_str())["model"]
    lead_bytes = (0xC2, 0xC3, *range(0xE2, 0xEA), 0xEF, 0xF0)
    pieces = ["<unk>", "<s>", "</s>"]
    pieces += [f"<0x{byte:02X}>" for byte in (0x0A, *range(0x80, 0xC0), *lead_bytes)]
    pieces += sorted(bpe["vocab"], key=bpe["vocab"].__getitem__)
    tokenizer = Tokenizer(
        models.BPE(
            vocab={piece: index for index, piece in enumerate(pieces)},
            merges=[tuple(merge) for merge in bpe["merges"]],
            unk_token="<unk>",
            fuse_unk=True,
            byte_fallback=True,
        )
    )
    if metaspace:
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first", split=False)
    else:  # The same, as older files say it.
        tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    tokenizer.add_special_tokens([AddedToken(piece, normalized=False) for piece in pieces[:3]])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A", pair="<s> $A <s>:1 $B:1", special_tokens=[("<s>", 1)]
    )
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    return tokenizer


def word_piece(limits: bool = False) -> Tokenizer:
    """BERT's kind, from a vocabulary written out; limits adds the cutting and padding that sentence encoders store."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters, *(f"##{letter}" for letter in letters)]
    pieces += [*"0123456789.,;!?'-()", *"猫狗和看见了。"]
    pieces += ["the", "cat", "dog", "saw", "and", "kit", "##ten", "##ting"]
    vocabulary = {piece: index for index, piece in enumerate(pieces)}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.add_special_tokens(pieces[:5])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    tokenizer.decoder = decoders.WordPiece()
    if limits:
        tokenizer.enable_truncation(max_length=8)
        tokenizer.enable_padding(length=32, pad_id=0, pad_token="[PAD]")
    return tokenizer


# --- recipes ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Recipe:
    """One folder. Recipes of one seed and one set of shapes have the same weights."""

    name: str
    model: str
    settings: Json
    tokenizer: Tokenizer
    seed: int
    text: str = TEXT
    padded_rows: int = 0
    """Rows of the embedding beyond the vocabulary."""
    dtype: torch.dtype = torch.float32
    shards: str = "1GB"
    """The size that no file exceeds."""
    config_keys: Json = field(default_factory=dict)
    """What to write over the saved config.json; None takes a key away."""
    rewrite: Callable[[Tensors], Tensors] | None = None
    """What to do with the saved tensors, where old files differ from what is written today."""


SIZE = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 32}
PLACES = {"max_position_embeddings": 64}
GPT2 = {"n_embd": 16, "n_layer": 2, "n_head": 4, "n_inner": 32, "n_positions": 32, "bos_token_id": 0, "eos_token_id": 0}
LLAMA = SIZE | PLACES | {"num_key_value_heads": 2, "bos_token_id": 1, "eos_token_id": 2}
QWEN = SIZE | PLACES | {"num_key_value_heads": 2, "bos_token_id": 0, "eos_token_id": 0, "tie_word_embeddings": True}
NEOX = SIZE | PLACES | {"num_attention_heads": 2, "bos_token_id": 0, "eos_token_id": 0}
BERT = SIZE | {"max_position_embeddings": 32, "pad_token_id": 0}
SCALED = LLAMA | {"head_dim": 8, "tie_word_embeddings": True}
"""Heads of 8, hence four frequencies; with the base 100 the slowest still turns within the text."""


def rope(kind: str = "default", theta: float = 100.0, **settings: Any) -> Json:
    return {"rope_parameters": {"rope_type": kind, "rope_theta": theta} | settings}


def older_rope(theta: float | None, scaling: Json | None = None, **others: Any) -> Json:
    """The keys for RoPE before transformers 5."""
    theta_key = {} if theta is None else {"rope_theta": theta}
    return {"rope_parameters": None, "rope_scaling": scaling} | theta_key | others


def causal_mask(tokens: int) -> torch.Tensor:
    return torch.ones(1, 1, tokens, tokens).tril()


def as_old_gpt2(tensors: Tensors) -> Tensors:
    """Old files keep the causal mask of every layer, by a name like that of a bias."""
    return tensors | {f"h.{layer}.attn.bias": causal_mask(32) for layer in range(2)}


def as_old_neox(tensors: Tensors) -> Tensors:
    """Old files keep the mask, what is written where it hides, and the frequencies."""
    for layer in range(2):
        attention = f"gpt_neox.layers.{layer}.attention."
        tensors[attention + "bias"] = causal_mask(32).bool()
        tensors[attention + "masked_bias"] = torch.tensor(-1e9)
        tensors[attention + "rotary_emb.inv_freq"] = torch.tensor([1.0, 0.1])
    return tensors


def as_old_bert(tensors: Tensors) -> Tensors:
    """Old files name a norm's gain and bias as TensorFlow did, and keep the positions."""
    names = (("LayerNorm.weight", "LayerNorm.gamma"), ("LayerNorm.bias", "LayerNorm.beta"))
    renamed = {"embeddings.position_ids": torch.arange(32)[None]}
    for name, tensor in tensors.items():
        for new, old in names:
            name = name.replace(new, old)
        renamed[name] = tensor
    return renamed


def recipes() -> Iterator[Recipe]:
    """All folders; those that differ in one thing only stand together."""
    gpt2, neox = byte_level(("<|endoftext|>",)), byte_level(("<|endoftext|>", "<|padding|>"))
    qwen = byte_level(("<|endoftext|>", "<|im_start|>", "<|im_end|>"), qwen=True)
    llama, mistral = sentence_piece(metaspace=True), sentence_piece(metaspace=False)

    unsaid = {"tie_word_embeddings": None, "scale_attn_weights": None, "scale_attn_by_inverse_layer_idx": None}
    yield Recipe("gpt2", "GPT2LMHeadModel", GPT2, gpt2, 1, config_keys=unsaid)
    by_layer = {"scale_attn_by_inverse_layer_idx": True, "layer_norm_epsilon": 0.03}
    yield Recipe("gpt2-bare", "GPT2Model", GPT2 | by_layer, gpt2, 2, rewrite=as_old_gpt2)

    yield Recipe("llama", "LlamaForCausalLM", LLAMA | rope(theta=10000.0), llama, 3)
    yield Recipe("llama-sharded", "LlamaForCausalLM", LLAMA | rope(theta=10000.0), llama, 3, shards="16KB")
    half, brain = torch.float16, torch.bfloat16
    older = {"dtype": None, "torch_dtype": "float16", "head_dim": None, "attention_bias": None, "mlp_bias": None}
    older |= older_rope(10000.0)
    yield Recipe("llama-f16", "LlamaForCausalLM", LLAMA | rope(theta=10000.0), llama, 3, dtype=half, config_keys=older)
    yield Recipe("llama-bf16", "LlamaForCausalLM", LLAMA | rope(theta=10000.0), llama, 3, dtype=brain)
    wide = {"head_dim": 8, "num_key_value_heads": 1, "attention_bias": True, "mlp_bias": True, "rms_norm_eps": 0.03}
    yield Recipe("llama-wide", "LlamaForCausalLM", SCALED | wide | rope(), llama, 4)

    yield Recipe("bert", "BertForMaskedLM", BERT, word_piece(), 5, BERT_TEXT)
    yield Recipe("bert-old", "BertModel", BERT, word_piece(limits=True), 6, BERT_TEXT, rewrite=as_old_bert)
    distil = {"dim": 16, "n_layers": 2, "n_heads": 4, "hidden_dim": 32, "max_position_embeddings": 32}
    yield Recipe("distilbert", "DistilBertForMaskedLM", distil, word_piece(), 7, BERT_TEXT)
    roberta: Json = {"pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 2, "type_vocab_size": 1}
    roberta |= {"max_position_embeddings": 34, "layer_norm_eps": 0.03}
    yield Recipe("roberta", "RobertaForMaskedLM", BERT | roberta, roberta_pieces(), 8)

    # Rotates 2 of 8 numbers by one frequency; the other 4 of 8 by two.
    yield Recipe("gpt_neox", "GPTNeoXForCausalLM", NEOX | rope(partial_rotary_factor=0.25), neox, 9)
    yield Recipe(
        "gpt_neox-serial",
        "GPTNeoXForCausalLM",
        NEOX | {"use_parallel_residual": False, "layer_norm_eps": 0.03} | rope(partial_rotary_factor=0.5),
        neox,
        10,
        padded_rows=6,
        config_keys=older_rope(None, rotary_pct=0.5, rotary_emb_base=100),
        rewrite=as_old_neox,
    )

    # The text has 13 tokens. "dynamic" scales beyond max_position_embeddings, "longrope" takes its long factors beyond
    # original_max_position_embeddings; the frequencies of "llama3" and of "yarn" are kept, mixed and divided.
    yield Recipe(
        "llama-linear",
        "LlamaForCausalLM",
        SCALED | rope("linear", factor=4.0),
        llama,
        11,
        config_keys=older_rope(100.0, {"type": "linear", "factor": 4.0}),
    )
    yield Recipe(
        "llama-dynamic",
        "LlamaForCausalLM",
        SCALED | {"max_position_embeddings": 8} | rope("dynamic", factor=4.0),
        llama,
        11,
    )
    llama3 = {"factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 32}
    yield Recipe(
        "llama-llama3",
        "LlamaForCausalLM",
        SCALED | rope("llama3", **llama3),
        llama,
        11,
        config_keys=older_rope(100.0, llama3 | {"rope_type": "llama3"}),
    )
    yarn = SCALED | {"max_position_embeddings": 128}
    plain: Json = {"factor": 4.0, "original_max_position_embeddings": 32}
    yield Recipe("llama-yarn", "LlamaForCausalLM", yarn | rope("yarn", **plain), llama, 11)
    plain |= {"beta_fast": 2.0, "beta_slow": 0.5, "truncate": False, "mscale": 1.0, "mscale_all_dim": 0.5}
    yield Recipe("llama-yarn-mscale", "LlamaForCausalLM", yarn | rope("yarn", **plain), llama, 11)
    longrope: Json = {"short_factor": [1.0, 1.1, 1.2, 1.3], "long_factor": [1.0, 1.5, 3.0, 6.0]}
    yield Recipe(
        "llama-longrope",
        "LlamaForCausalLM",
        SCALED | rope("longrope", **longrope, original_max_position_embeddings=8),
        llama,
        11,
        config_keys=older_rope(100.0, longrope | {"type": "longrope"}, original_max_position_embeddings=8),
    )

    yield Recipe(
        "mistral",
        "MistralForCausalLM",
        LLAMA | {"sliding_window": 4} | rope(),
        mistral,
        12,
        config_keys=older_rope(100.0, head_dim=None),
    )
    # A window that is given but not in use, as in the files of Qwen2.
    unused = older_rope(100.0, layer_types=None, sliding_window=4)
    yield Recipe("qwen2", "Qwen2ForCausalLM", QWEN | rope(), qwen, 13, config_keys=unused)
    yield Recipe(
        "qwen2-sliding",
        "Qwen2ForCausalLM",
        QWEN | {"use_sliding_window": True, "sliding_window": 4, "max_window_layers": 1} | rope(),
        qwen,
        13,
        config_keys=older_rope(100.0, layer_types=None),
    )
    yield Recipe("qwen3", "Qwen3ForCausalLM", QWEN | {"head_dim": 8} | rope(), qwen, 14)
    alternating = {"layer_types": ["sliding_attention", "full_attention"], "sliding_window": 4}
    yield Recipe(
        "qwen3-sliding",
        "Qwen3ForCausalLM",
        QWEN | {"head_dim": 8, "use_sliding_window": True} | alternating | rope(),
        qwen,
        14,
    )


# --- making -----------------------------------------------------------------------------------------------------------


def draw(model: transformers.PreTrainedModel, seed: int) -> None:
    """Weights so large that attention is far from uniform; gains around 1; no bias is zero."""
    random = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            noise = torch.randn(parameter.shape, generator=random)
            gain = parameter.ndim == 1 and name.endswith("weight")
            parameter.copy_(1 + 0.3 * noise if gain else 0.4 * noise if parameter.ndim > 1 else 0.25 * noise)


def build(recipe: Recipe, **overrides: Any) -> transformers.PreTrainedModel:
    """The model in memory, in float32, of weights as its file stores them."""
    kind = getattr(transformers, recipe.model)
    vocabulary = recipe.tokenizer.get_vocab_size() + recipe.padded_rows
    config = kind.config_class(**recipe.settings | {"vocab_size": vocabulary} | overrides)
    config._attn_implementation = "eager"
    model = kind(config).eval()
    draw(model, recipe.seed)
    for parameter in model.parameters():
        parameter.data = parameter.data.to(recipe.dtype).float()
    return model


def write(recipe: Recipe, folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    build(recipe).to(recipe.dtype).save_pretrained(folder, max_shard_size=recipe.shards)
    (folder / "generation_config.json").unlink(missing_ok=True)
    recipe.tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    config = json.loads((folder / "config.json").read_text()) | recipe.config_keys
    for key in [key for key, value in recipe.config_keys.items() if value is None and key != "rope_scaling"]:
        config.pop(key)
    (folder / "config.json").write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")
    if recipe.rewrite:
        weights = folder / "model.safetensors"
        save_file(recipe.rewrite(load_file(weights)), weights, metadata={"format": "pt"})
    for file in folder.iterdir():
        file.chmod(0o644)


def load(folder: Path) -> transformers.PreTrainedModel:
    kind = getattr(transformers, json.loads((folder / "config.json").read_text())["architectures"][0])
    return kind.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()


def compute(model: transformers.PreTrainedModel, folder: Path, text: str) -> Arrays:
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    encoding = tokenizer.encode(text)
    with torch.no_grad():
        answer = model(torch.tensor([encoding.ids]), output_hidden_states=True, output_attentions=True)
    arrays = {
        "text": np.array(text),
        "ids": np.array(encoding.ids, dtype=np.int64),
        "tokens": np.array(encoding.tokens),
        "hidden_states": torch.cat(answer.hidden_states).numpy(),
        "attentions": torch.cat(answer.attentions).numpy(),
    }
    if type(model).__name__.endswith(("CausalLM", "LMHeadModel")):
        arrays["logits"] = answer.logits[0].numpy()
    return arrays


def distance(one: Arrays, other: Arrays) -> float:
    """The largest difference between two sets of numbers; infinite where the pieces differ."""
    if one.keys() != other.keys() or any(one[key].tolist() != other[key].tolist() for key in ("text", "ids", "tokens")):
        return float("inf")
    return max(float(np.abs(one[key] - other[key]).max()) for key in one if one[key].dtype == np.float32)


def between_heads(attentions: np.ndarray) -> float:
    """By how much the two most similar heads of any layer differ, at the weight where they differ most."""
    pairs = combinations(range(attentions.shape[1]), 2)
    return min(float(np.abs(layer[a] - layer[b]).max()) for a, b in pairs for layer in attentions)


def without_change(recipe: Recipe) -> Json | None:
    """What takes the scaling or the window away from a recipe that has one."""
    if recipe.settings.get("rope_parameters", {}).get("rope_type", "default") != "default":
        return rope()
    return {"sliding_window": 64} if recipe.settings.get("sliding_window") else None


def make(recipe: Recipe) -> None:
    folder = HERE / recipe.name
    write(recipe, folder)
    expected = compute(load(folder), folder, recipe.text)
    apart = distance(expected, compute(build(recipe), folder, recipe.text))
    assert apart <= TOLERANCE, f"{recipe.name}: what is saved gives other numbers, by {apart:g}"
    change = without_change(recipe)
    if change is not None:
        plain = compute(build(recipe, **change), folder, recipe.text)
        assert np.abs(plain["attentions"] - expected["attentions"]).max() > 0.05, f"{recipe.name}: scales nothing"
    assert between_heads(expected["attentions"]) > 0.05, f"{recipe.name}: two heads are too similar"
    np.savez_compressed(folder / "expected.npz", **expected)


def stored(folder: Path) -> Arrays:
    with np.load(folder / "expected.npz", allow_pickle=False) as file:
        return dict(file)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="compare what is there and write nothing")
    check = parser.parse_args().check
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    wrong = 0
    print(f"{'folder':18}{'kB':>6}{'tokens':>8}{'weights':>16}{'heads':>8}" + "   difference" * check)
    for recipe in recipes():
        folder = HERE / recipe.name
        if not check:
            make(recipe)
        arrays = stored(folder)
        weights = arrays["attentions"]
        size = sum(file.stat().st_size for file in folder.iterdir()) / 1000
        line = f"{recipe.name:18}{size:6.1f}{len(arrays['ids']):8}"
        line += f"{weights[weights > 0].min():9.1e}–{weights.max():.4f}{between_heads(weights):8.3f}"
        if check:
            apart = distance(arrays, compute(load(folder), folder, str(arrays["text"])))
            line += f"{apart:13.1e}"
            wrong += not apart <= TOLERANCE
        print(line, flush=True)
    if wrong:
        raise SystemExit(f"{wrong} folders differ from what transformers computes")


if __name__ == "__main__":
    main()
