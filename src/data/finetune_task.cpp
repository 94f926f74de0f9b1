#include "dnagpt/data/finetune_task.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "dnagpt/core/check.hpp"

namespace dnagpt {
namespace {

using Json = nlohmann::ordered_json;

Json to_json(NumberScale const& scale) {
    return {{"mean", scale.mean}, {"deviation", scale.deviation}};
}

NumberScale scale_from(Json const& json) {
    return {json.at("mean").get<double>(), json.at("deviation").get<double>()};
}

Json to_json(SetTask const& set) {
    Json json;
    json["name"] = set.name;
    json["answer"] = answer_name(set.answer);
    json["prompt"] = set.prompt;
    json["species_token"] = std::string(1, set.species_token);
    json["classes"] = set.classes;
    json["number_names"] = set.number_names;
    json["numbers"] = Json::array();
    for (NumberScale const& scale : set.numbers) {
        json["numbers"].push_back(to_json(scale));
    }
    json["target_name"] = set.target_name;
    json["target"] = to_json(set.target);
    json["bases"] = set.bases;
    return json;
}

SetTask set_from(Json const& json) {
    SetTask set;
    set.name = json.at("name").get<std::string>();
    set.answer = answer_called(json.at("answer").get<std::string>());
    set.prompt = json.at("prompt").get<std::string>();
    set.species_token = json.at("species_token").get<std::string>().at(0);
    set.classes = json.at("classes").get<std::vector<std::string>>();
    set.number_names = json.at("number_names").get<std::vector<std::string>>();
    for (Json const& scale : json.at("numbers")) {
        set.numbers.push_back(scale_from(scale));
    }
    set.target_name = json.at("target_name").get<std::string>();
    set.target = scale_from(json.at("target"));
    set.bases = json.at("bases").get<std::int64_t>();
    return set;
}

}  // namespace

SetTask const& task_called(FinetuneTask const& task, std::string const& name) {
    auto const found = std::ranges::find(task.sets, name, &SetTask::name);
    std::string known;
    for (SetTask const& set : task.sets) {
        known += " " + set.name;
    }
    DNAGPT_VALIDATE(found != task.sets.end(), << "the checkpoint was not fine-tuned for '" << name
                                              << "'; it knows"
                                              << (known.empty() ? " no task" : known));
    return *found;
}

std::string to_text(FinetuneTask const& task) {
    Json json;
    json["reverse_complement"] = task.reverse_complement;
    json["sets"] = Json::array();
    for (SetTask const& set : task.sets) {
        json["sets"].push_back(to_json(set));
    }
    return json.dump();
}

FinetuneTask finetune_task_from(std::string const& text) {
    FinetuneTask task;
    if (text.empty()) {
        return task;
    }
    try {
        Json const json = Json::parse(text);
        task.reverse_complement = json.at("reverse_complement").get<bool>();
        for (Json const& set : json.at("sets")) {
            task.sets.push_back(set_from(set));
        }
        return task;
    } catch (Json::exception const& problem) {
        throw Error(std::string("the checkpoint's task cannot be read (") + problem.what() +
                    "); it was written by another version: use that one");
    }
}

}  // namespace dnagpt
