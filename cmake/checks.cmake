# Checks on the house itself, run by CTest beside the unit tests: layering and headers. Registry-wide
# tests live in tests/registry, fuzz targets in tests/fuzz.

if(GX_TESTS)
    find_package(Python3 COMPONENTS Interpreter)
    if(Python3_FOUND)
        add_test(NAME layering COMMAND ${Python3_EXECUTABLE} "${PROJECT_SOURCE_DIR}/tests/layering.py"
            WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}")
        add_test(NAME headers COMMAND ${Python3_EXECUTABLE} "${PROJECT_SOURCE_DIR}/tests/headers.py"
            WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}")
    endif()
    file(GLOB registry_tests CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/tests/registry/*_test.c")
    foreach(file IN LISTS registry_tests)
        gx_test("${file}" gx_engine gx_models gx_datasets gx_codec PkgConfig::IGRAPH PkgConfig::ZLIB)
    endforeach()
    file(GLOB system_tests CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/tests/system/*_test.c")
    foreach(file IN LISTS system_tests)
        gx_test("${file}" gx_api gx_server)
    endforeach()
endif()

# Every fuzz target that has seeds (tests/fuzz/seeds/NAME) runs over them as a plain test.
if(GX_TESTS)
    file(GLOB seeded CONFIGURE_DEPENDS LIST_DIRECTORIES true "${PROJECT_SOURCE_DIR}/tests/fuzz/seeds/*")
    foreach(folder IN LISTS seeded)
        get_filename_component(name "${folder}" NAME)
        set(replay "${name}_replay")
        add_executable(${replay} tests/fuzz/${name}.c tests/fuzz/replay.c)
        target_link_libraries(${replay} PRIVATE gx_cli)
        set_target_properties(${replay} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/tests")
        add_test(NAME ${replay} COMMAND ${replay} "${PROJECT_SOURCE_DIR}/tests/fuzz/seeds/${name}")
    endforeach()
endif()

if(GX_FUZZ)
    file(GLOB fuzzers CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/tests/fuzz/*_fuzz.c")
    foreach(file IN LISTS fuzzers)
        get_filename_component(name "${file}" NAME_WE)
        add_executable(${name} "${file}")
        target_link_libraries(${name} PRIVATE gx_cli)
        target_link_options(${name} PRIVATE -fsanitize=fuzzer)
    endforeach()
endif()
